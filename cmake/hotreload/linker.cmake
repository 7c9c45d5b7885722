# linker.cmake: which linker a target is linked by. The compiler is asked, since only it knows its default.

# Sets out to "bfd", "gold", "lld" or "mold", to the first line of what another linker says about itself, or, for a
# target that is not linked or a compiler that does not answer, to nothing.
function(hotreload_find_linker target out)
  set(${out} "" PARENT_SCOPE)
  get_target_property(type ${target} TYPE)
  hotreload_get_link_driver(${target} driver)
  if(NOT driver OR NOT type MATCHES "^(EXECUTABLE|SHARED_LIBRARY|MODULE_LIBRARY)$")
    return()
  endif()

  hotreload_collect_link_options(${target} options)
  set(choice)
  foreach(option IN LISTS options)
    if(option MATCHES "^(-fuse-ld=|--ld-path=|-B.)")
      list(APPEND choice "${option}")
    endif()
  endforeach()
  get_target_property(linker_type ${target} LINKER_TYPE) # CMake >= 3.29
  if(linker_type MATCHES "^(BFD|GOLD|LLD|MOLD)$")
    string(TOLOWER "-fuse-ld=${linker_type}" option)
    list(PREPEND choice "${option}")
  endif()

  # Hundreds of targets share one answer.
  string(MD5 key "${driver};${choice}")
  get_property(known GLOBAL PROPERTY hotreload_linker_${key} SET)
  if(NOT known)
    hotreload_ask_linker("${driver}" "${choice}" answer)
    set_property(GLOBAL PROPERTY hotreload_linker_${key} "${answer}")
  endif()
  get_property(answer GLOBAL PROPERTY hotreload_linker_${key})
  set(${out} "${answer}" PARENT_SCOPE)
endfunction()

# The compiler that links a target: command and leading arguments. C++ wins over C as it does in CMake; a program in C
# of a project in both languages is asked of the wrong compiler, but the two share their linker.
function(hotreload_get_link_driver target out)
  set(driver)
  get_target_property(language ${target} LINKER_LANGUAGE)
  foreach(candidate ${language} CXX C)
    hotreload_get_variable(${target} CMAKE_${candidate}_COMPILER compiler)
    if(compiler)
      hotreload_get_variable(${target} CMAKE_${candidate}_COMPILER_ARG1 arguments)
      separate_arguments(arguments UNIX_COMMAND "${arguments}")
      set(driver "${compiler}" ${arguments})
      break()
    endif()
  endforeach()
  set(${out} "${driver}" PARENT_SCOPE)
endfunction()

# Runs the driver with the options that choose the linker, and reads the name from the linker's own version line.
function(hotreload_ask_linker driver choice out)
  execute_process(
    COMMAND ${driver} ${choice} -Wl,--version
    OUTPUT_VARIABLE answer ERROR_QUIET
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REGEX REPLACE "\n.*" "" answer "${answer}")
  # mold and lld call themselves compatible with GNU ld, so they come first.
  if(answer MATCHES "^mold ")
    set(answer "mold")
  elseif(answer MATCHES "LLD [0-9]")
    set(answer "lld")
  elseif(answer MATCHES "^GNU gold ")
    set(answer "gold")
  elseif(answer MATCHES "^GNU ld ")
    set(answer "bfd")
  endif()
  set(${out} "${answer}" PARENT_SCOPE)
endfunction()
