# refusals.cmake: what cannot be reloaded, each said in one sentence before anything is built.

# Ends the configuration with a sentence that may come in two parts. The leading blank keeps CMake from breaking it into
# lines, so that it can be searched for.
function(hotreload_refuse sentence)
  if(ARGC GREATER 1)
    string(APPEND sentence " ${ARGV1}")
  endif()
  message(FATAL_ERROR " HotReload: ${sentence}")
endfunction()

function(hotreload_refuse_platform)
  if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
    hotreload_refuse("only programs for Linux can be reloaded, and this build is for ${CMAKE_SYSTEM_NAME}.")
  endif()
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
    hotreload_refuse("only programs for x86-64 can be reloaded, and this build is for ${CMAKE_SYSTEM_PROCESSOR}.")
  endif()
endfunction()

function(hotreload_refuse_missing_runtime runtime)
  if(NOT EXISTS "${runtime}")
    hotreload_refuse("the runtime ${runtime} does not exist; `sh scripts/setup.sh` in hotreload's folder builds it.")
  endif()
endfunction()

# The compilers of a target's directory: -flive-patching came with gcc 9; clang is tried from 11 on.
function(hotreload_refuse_compiler target)
  foreach(language C CXX)
    hotreload_get_variable(${target} CMAKE_${language}_COMPILER_ID id)
    hotreload_get_variable(${target} CMAKE_${language}_COMPILER_VERSION version)
    if(NOT id)
      continue()
    endif()
    if(NOT (id STREQUAL "GNU" AND version VERSION_GREATER_EQUAL 9)
       AND NOT (id STREQUAL "Clang" AND version VERSION_GREATER_EQUAL 11))
      hotreload_refuse("gcc 9, clang 11 or newer is needed, and target ${target} is compiled by ${id} ${version}.")
    endif()
    hotreload_get_variable(${target} CMAKE_${language}_SIZEOF_DATA_PTR pointer_size)
    if(NOT pointer_size EQUAL 8)
      hotreload_refuse("only 64-bit programs can be reloaded,"
        "and the pointers of target ${target} have ${pointer_size} bytes.")
    endif()
  endforeach()
endfunction()

function(hotreload_refuse_target target linker)
  get_target_property(type ${target} TYPE)
  hotreload_collect_compile_options(${target} compile_options)
  hotreload_refuse_optimisation_of_whole_programs(${target} "${compile_options}")
  if(type MATCHES "^(EXECUTABLE|SHARED_LIBRARY|MODULE_LIBRARY)$")
    hotreload_collect_link_options(${target} link_options)
    hotreload_refuse_optimisation_of_whole_programs(${target} "${link_options}")
    hotreload_refuse_static(${target} "${link_options}")
    hotreload_refuse_stripped(${target} "${link_options}")
    hotreload_refuse_linker(${target} "${linker}" "${compile_options}")
  endif()
endfunction()

function(hotreload_refuse_optimisation_of_whole_programs target options)
  hotreload_find_option("${options}" "^-flto(=.*)?$" "^-fno-lto$" found)
  # CMAKE_INTERPROCEDURAL_OPTIMIZATION is nothing but the initial value of the property.
  get_target_property(general ${target} INTERPROCEDURAL_OPTIMIZATION)
  hotreload_list_configurations(configurations)
  foreach(configuration IN LISTS configurations)
    get_target_property(value ${target} INTERPROCEDURAL_OPTIMIZATION_${configuration})
    if(value)
      set(found "INTERPROCEDURAL_OPTIMIZATION_${configuration}, which other build types may not have")
    elseif(general AND value STREQUAL "value-NOTFOUND")
      set(found INTERPROCEDURAL_OPTIMIZATION)
    endif()
  endforeach()
  if(general AND NOT configurations)
    set(found INTERPROCEDURAL_OPTIMIZATION)
  endif()
  if(found)
    hotreload_refuse("target ${target} is built with link-time optimisation (${found}),"
      "which leaves no function in the objects to compare; turn it off.")
  endif()

  # gcc itself does not take these together with -flive-patching=inline-clone.
  hotreload_find_option("${options}"
    "^-f(whole-program|ipa-(pta|ra|icf.*|reference|modref|pure-const|bit-cp|vrp|stack-alignment))$"
    "" found)
  if(found)
    hotreload_refuse("target ${target} is compiled with ${found},"
      "which lets a function rely on what another one does at present; leave it out.")
  endif()
endfunction()

function(hotreload_refuse_static target options)
  hotreload_find_option("${options}" "^--?static(-pie)?$" "^-no-static$" found)
  get_target_property(type ${target} TYPE)
  if(found AND type STREQUAL "EXECUTABLE")
    hotreload_refuse("program ${target} is linked statically (${found}),"
      "so it has no dynamic loader that could load new code; link it dynamically.")
  endif()
endfunction()

function(hotreload_refuse_stripped target options)
  hotreload_find_option("${options}" "^(-s|--strip-all)$" "" found)
  if(found)
    hotreload_refuse("target ${target} is stripped when it is linked (${found}),"
      "so its functions cannot be found by name; leave the symbols in.")
  endif()
endfunction()

function(hotreload_refuse_linker target linker compile_options)
  if(linker STREQUAL "mold")
    # It takes no linker script, so that entries.ld cannot align what gcc does not.
    hotreload_find_option("${compile_options}" "^-Os$" "^-O([0-9g]?|fast)$" small)
    foreach(language C CXX)
      hotreload_get_variable(${target} CMAKE_${language}_COMPILER_ID id)
      hotreload_get_variable(${target} CMAKE_${language}_COMPILER_VERSION version)
      if(small AND id STREQUAL "GNU" AND version VERSION_LESS 14)
        hotreload_refuse("target ${target} is compiled with ${small} by gcc before 14, which leaves functions unaligned,"
          "and is linked by mold, which cannot align them; use another linker, -fuse-ld=bfd for instance.")
      endif()
    endforeach()
  endif()
  if(linker STREQUAL "gold")
    hotreload_get_variable(${target} CMAKE_CXX_COMPILER_ID id)
    hotreload_get_variable(${target} CMAKE_CXX_COMPILER_VERSION version)
    if(id STREQUAL "GNU" AND version VERSION_LESS 14)
      hotreload_refuse("target ${target} is linked by gold,"
        "which cannot link padded entries of g++ before 14; use another linker, -fuse-ld=bfd for instance.")
    endif()
  elseif(linker AND NOT linker MATCHES "^(bfd|lld|mold)$")
    hotreload_refuse("target ${target} is linked by a linker that is not known (${linker}); use bfd, lld or mold.")
  endif()
endfunction()
