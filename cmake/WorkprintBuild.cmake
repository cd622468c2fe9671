# Flags, precompiled header and the three shapes of target this project has. A folder is a target's source list:
# adding a file to the folder adds it to the build.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(WORKPRINT_SANITIZE "" CACHE STRING "comma list for -fsanitize=, empty for none")
set(WORKPRINT_FUZZ OFF CACHE BOOL "build the libFuzzer programs of tests/fuzz")

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_program(CCACHE ccache)
if(CCACHE)
  # Without this sloppiness ccache refuses every file that uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${CCACHE})
  add_compile_options(-fpch-preprocess)
endif()
find_program(MOLD mold)
enable_testing()

function(workprint_flags target)
  # Debug carries -O1: the sanitized tests render real frames, and -O0 would make them several times slower.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Debug>:-O1 -g1 -fno-omit-frame-pointer>)
  target_compile_options(${target} PRIVATE -pthread)  # for all: it defines a macro, and a precompiled header serves only who has the same
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")  # builds the fuzzers only; GCC judges the code
    target_compile_options(${target} PRIVATE -w)
  else()
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
  endif()
  # GCC 12 reports false positives of these two inside libstdc++ when it inlines under the sanitizers.
  if(WORKPRINT_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${WORKPRINT_SANITIZE} -fno-sanitize-recover=all
      -Wno-maybe-uninitialized -Wno-stringop-overflow)
    target_link_options(${target} PRIVATE -fsanitize=${WORKPRINT_SANITIZE})
    if(WORKPRINT_SANITIZE STREQUAL "thread")  # two more of them
      target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-stringop-overread)
    endif()
  else()
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-restrict
      -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
  endif()
  if(MOLD)
    target_link_options(${target} PRIVATE -fuse-ld=mold)
  endif()
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE Threads::Threads)
endfunction()

# Two precompiled headers in all, one a set of flags: the engine's, and the tests'. Each costs as much as three files.
# A target whose own it is makes it, the others use that.
function(workprint_precompiled target from)
  if(target STREQUAL from)
    target_precompile_headers(${target} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.h)
  else()
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()

function(workprint_sources out)
  set(found)
  foreach(folder ${ARGN})
    file(GLOB here CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cpp)
    list(APPEND found ${here})
  endforeach()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

function(workprint_packages target)
  foreach(package ${ARGN})
    if(NOT TARGET PkgConfig::${package})
      pkg_check_modules(${package} REQUIRED IMPORTED_TARGET GLOBAL ${package})
    endif()
    target_link_libraries(${target} PUBLIC PkgConfig::${package})
  endforeach()
endfunction()

# A static library of all non-test sources of some folders.
function(workprint_library name)
  cmake_parse_arguments(arg "" "" "FOLDERS;PACKAGES" ${ARGN})
  workprint_sources(sources ${arg_FOLDERS})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  if(NOT sources)
    return()
  endif()
  add_library(${name} STATIC ${sources})
  workprint_flags(${name})
  workprint_precompiled(${name} workprint_engine)
  workprint_packages(${name} ${arg_PACKAGES})
endfunction()

# Links a part of the film to the parts it builds on and to system packages.
function(film_part part)
  cmake_parse_arguments(arg "" "" "PACKAGES" ${ARGN})
  if(NOT TARGET film_${part})
    return()
  endif()
  foreach(other ${arg_UNPARSED_ARGUMENTS})
    if(TARGET film_${other})
      target_link_libraries(film_${part} PUBLIC film_${other})
    endif()
  endforeach()
  workprint_packages(film_${part} ${arg_PACKAGES} fmt)
  target_link_libraries(film_${part} PUBLIC workprint_engine)
endfunction()

function(workprint_test_flags target)
  workprint_flags(${target})
  # A test's own code runs once; what it tests keeps its optimisation and both sanitizers. UBSan alone doubles the time
  # these files take to compile. Each test file has helpers of its own, often of the same names: no unity build here.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Debug>:-O0> -fno-sanitize=undefined)
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  target_compile_definitions(${target} PRIVATE DOCTEST_CONFIG_SUPER_FAST_ASSERTS)
  workprint_precompiled(${target} test_main)
endfunction()

# One doctest program of all *_test.cpp of some folders. doctest: 0.05 s an include. MANUAL: `make check` does not build it.
function(workprint_tests name library)
  cmake_parse_arguments(arg "MANUAL" "" "FOLDERS" ${ARGN})
  if(NOT TARGET ${library})
    return()
  endif()
  workprint_sources(sources ${arg_FOLDERS})
  list(FILTER sources INCLUDE REGEX "_test\\.cpp$")
  if(NOT sources)
    return()
  endif()
  # The runner is the same in every program and slow to compile: once for all.
  if(NOT TARGET test_main)
    add_library(test_main OBJECT ${CMAKE_SOURCE_DIR}/tests/main.cpp)
    workprint_test_flags(test_main)
  endif()
  add_executable(${name} ${sources} $<TARGET_OBJECTS:test_main>)
  workprint_test_flags(${name})
  target_link_libraries(${name} PRIVATE ${library})
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_MANUAL)
    add_dependencies(tests ${name})
  endif()
endfunction()
