# HotReload.cmake: builds all C and C++ targets of a build tree so that their functions can be replaced while they run.
#
#   include(HotReload)                                   anywhere in a project, or, with no edit and CMake >= 3.24,
#   -DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=<this file>       on the command line; both together are the same as one.
#
# Every target of the tree is prepared, wherever the include stands: the work is done when the last CMakeLists.txt has
# been read, since only then is it known what the targets are, how they are compiled, and by which linker they are
# linked.
# Nothing but properties of targets is touched, so neither try_compile nor ExternalProject sees any of it.
#
# HOTRELOAD          (cache, ON)  OFF leaves the project as it is.
# HOTRELOAD_RUNTIME  (cache)      the runtime that programs are linked with, by default the one of this package.
#
# A build that cannot be reloaded is refused by an error of one sentence that starts with "HotReload:".

get_property(hotreload_in_try_compile GLOBAL PROPERTY IN_TRY_COMPILE)
if(hotreload_in_try_compile)
  unset(hotreload_in_try_compile)
  return()
endif()
unset(hotreload_in_try_compile)

# cmake_language(DEFER) came with 3.19, the property EXPORT_COMPILE_COMMANDS of targets with 3.20.
if(CMAKE_VERSION VERSION_LESS 3.20)
  message(FATAL_ERROR " HotReload: CMake 3.20 or newer is needed, and this is CMake ${CMAKE_VERSION}.")
endif()

include_guard(GLOBAL)
cmake_policy(VERSION 3.20)

option(HOTRELOAD "Prepare the C and C++ targets for hot reloading" ON)

include("${CMAKE_CURRENT_LIST_DIR}/hotreload/options.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/hotreload/linker.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/hotreload/refusals.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/hotreload/prepare.cmake")

# A project that contains the include itself finds it, although only CMAKE_PROJECT_TOP_LEVEL_INCLUDES was given.
list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")

# Prepares all targets. Deferred calls run in the order in which they were made, so the first turn only lines up again,
# behind whatever the project deferred itself.
function(hotreload_finish turn)
  if(turn EQUAL 1)
    cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" CALL hotreload_finish 2)
    return()
  endif()

  set(runtime "${HOTRELOAD_RUNTIME}")
  if(NOT runtime)
    get_filename_component(runtime "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../runtime/build/libhotreload.so" ABSOLUTE)
  endif()

  hotreload_list_targets("${CMAKE_SOURCE_DIR}" targets)
  if(targets)
    hotreload_refuse_platform()
    hotreload_refuse_missing_runtime("${runtime}")
  endif()
  foreach(target IN LISTS targets)
    hotreload_find_linker(${target} linker)
    hotreload_refuse_compiler(${target})
    hotreload_refuse_target(${target} "${linker}")
    hotreload_prepare_compilation(${target})
    hotreload_prepare_link(${target} "${linker}" "${runtime}")
  endforeach()

  list(LENGTH targets count)
  message(STATUS "HotReload: targets prepared: ${count}")
endfunction()

if(HOTRELOAD)
  cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" CALL hotreload_finish 1)
endif()
