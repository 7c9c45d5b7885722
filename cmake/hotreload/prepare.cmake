# prepare.cmake: the options that make the functions of a target replaceable.

# Options for the C and C++ files of a target. They come after the project's own, so -fPIC wins over the -fPIE that
# CMake adds for programs; "SHELL:" keeps CMake from dropping an option because it was there before.
#
# -fPIC                    with -fPIE, code that refers to data of a shared library needs a copy relocation, which a
#                          program that runs already cannot get
# -fpatchable-function-entry=8,6 -falign-functions=16
#                          six bytes of padding and the two bytes at the entry are one aligned 8-byte word. A jump needs
#                          five; the sixth keeps entries at even addresses, since an odd one in a pointer to a member
#                          function means a virtual function (Itanium C++ ABI 2.3.1)
# -flive-patching=inline-clone
#                          no code relies on what another function does at present: registers, purity, alignment
# -fno-semantic-interposition
#                          -fPIC costs no inlining; clang inlines anyhow
# -gdwarf-aranges          gcc writes them by itself. Without them lldb goes by the ranges in a unit of a patch, where those of
#                          functions that the patch left out are taken for code
# -fno-sanitize=function   clang's check of calls through pointers, part of -fsanitize=undefined, puts data of its own
#                          where the entry would be; without that sanitizer it means nothing
function(hotreload_prepare_compilation target)
  set(options -g -fPIC -ffunction-sections -fdata-sections -falign-functions=16 -fpatchable-function-entry=8,6)
  # Without the compiler's help the Makefile generators scan for includes themselves and leave no depfiles.
  hotreload_get_variable(${target} CMAKE_DEPENDS_USE_COMPILER uses_compiler)
  if(CMAKE_GENERATOR MATCHES "Makefiles" AND NOT uses_compiler AND NOT uses_compiler STREQUAL "")
    list(APPEND options -MD)
  endif()

  foreach(language C CXX)
    hotreload_get_variable(${target} CMAKE_${language}_COMPILER_ID id)
    hotreload_get_variable(${target} CMAKE_${language}_COMPILER_VERSION version)
    set(own)
    if(id STREQUAL "GNU")
      list(APPEND own -flive-patching=inline-clone -fno-semantic-interposition)
      if(version VERSION_GREATER_EQUAL 14)
        list(APPEND own -fmin-function-alignment=16) # cold functions and -Os; older ones: see entries.ld
      endif()
    elseif(id STREQUAL "Clang")
      list(APPEND own -gdwarf-aranges -fno-sanitize=function)
    endif()
    if(id)
      list(JOIN options " " all)
      list(JOIN own " " own)
      set_property(TARGET ${target} APPEND PROPERTY
        COMPILE_OPTIONS "$<$<COMPILE_LANGUAGE:${language}>:SHELL:${all} ${own}>")
    endif()
  endforeach()
  # For programs that use hotreload.h; behind all directories of the project's own.
  set_property(TARGET ${target} APPEND PROPERTY COMPILE_DEFINITIONS HOTRELOAD_PREPARED)
  get_filename_component(include "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../runtime/include" ABSOLUTE)
  set_property(TARGET ${target} APPEND PROPERTY INCLUDE_DIRECTORIES "${include}")
  set_property(TARGET ${target} PROPERTY EXPORT_COMPILE_COMMANDS ON)
endfunction()

# Options for the link of a program or shared library; static and object libraries are not linked.
function(hotreload_prepare_link target linker runtime)
  get_target_property(type ${target} TYPE)
  if(NOT type MATCHES "^(EXECUTABLE|SHARED_LIBRARY|MODULE_LIBRARY)$")
    return()
  endif()
  set(options "-Wl,--build-id")
  if(linker MATCHES "^(bfd|lld)$")
    list(APPEND options "-Xlinker -T -Xlinker \"${CMAKE_CURRENT_FUNCTION_LIST_DIR}/entries.ld\"")
  endif()
  if(linker MATCHES "^(gold|lld|mold)$")
    list(APPEND options "-Wl,--icf=none") # two functions with one body could not be replaced one by one
  endif()
  if(type STREQUAL "EXECUTABLE")
    list(APPEND options "-Wl,--push-state,--no-as-needed \"${runtime}\" -Wl,--pop-state")
  endif()
  list(TRANSFORM options PREPEND "SHELL:")
  set_property(TARGET ${target} APPEND PROPERTY LINK_OPTIONS ${options})
endfunction()
