# One place for what every target shares: language, warnings, sanitizers, compiler cache.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # pch_defines and time_macros let ccache cache translation units that use a precompiled header.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE_PROGRAM})
endif()

add_library(spotglass_options INTERFACE)
target_include_directories(spotglass_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(spotglass_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC 12 sees overlapping copies in "text" + std::string(...) that are not there (GCC bug 105329).
    target_compile_options(spotglass_options INTERFACE -Wno-restrict)
endif()
if(SPOTGLASS_WARNINGS_AS_ERRORS)
    target_compile_options(spotglass_options INTERFACE -Werror)
endif()
if(SPOTGLASS_SANITIZE)
    target_compile_options(spotglass_options INTERFACE -fsanitize=${SPOTGLASS_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(spotglass_options INTERFACE -fsanitize=${SPOTGLASS_SANITIZE})
endif()

# spotglass_library(<name> SOURCES ... PUBLIC <libs> PRIVATE <libs>): a static library of one layer.
function(spotglass_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC spotglass_options ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# spotglass_qt(<target>): what every target that uses Qt needs.
function(spotglass_qt target)
    set_target_properties(${target} PROPERTIES AUTOMOC ON)
    target_compile_definitions(${target} PRIVATE QT_NO_KEYWORDS QT_NO_CAST_FROM_ASCII)
endfunction()

# spotglass_test(<Class> SOURCES ... LIBRARIES ...): one Qt Test program, Test<Class>, run under the offscreen platform.
# Environment: SPOTGLASS_SHARED names the folder of real data beside the checkout; tests skip with a message without it.
function(spotglass_test class)
    cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBRARIES" ${ARGN})
    set(name Test${class})
    add_executable(${name} ${name}.cpp ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE spotglass_options ${ARG_LIBRARIES} Qt6::Test)
    spotglass_qt(${name})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${class} COMMAND ${name})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 300)
    endif()
    set(environment "QT_QPA_PLATFORM=offscreen;SPOTGLASS_SHARED=${CMAKE_SOURCE_DIR}/../shared;OPENBLAS_NUM_THREADS=2;SPOTGLASS_CACHE=none")
    # Qt Test ends a program after five minutes in a function whatever TIMEOUT says; a slow machine is no fault.
    string(APPEND environment ";QTEST_FUNCTION_TIMEOUT=${ARG_TIMEOUT}000")
    # The programs choose the kernels of OpenBLAS before they load it (viewer/base/MatrixLibrary.h); a test that is linked
    # with LibTorch cannot, and would compute with the slow ones.
    if(SPOTGLASS_CORETYPE AND ARG_LIBRARIES MATCHES "torch|spotglass_(model|inference|training|experiment)")
        string(APPEND environment ";OPENBLAS_CORETYPE=${SPOTGLASS_CORETYPE}")
    endif()
    set_tests_properties(${class} PROPERTIES TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT "${environment}")
endfunction()

# The newest kernels of OpenBLAS that this processor can execute; empty where that is not known.
if(EXISTS /proc/cpuinfo)
    file(STRINGS /proc/cpuinfo flags REGEX "^flags" LIMIT_COUNT 1)
    if(flags MATCHES "avx512bw" AND flags MATCHES "avx512vl")
        set(SPOTGLASS_CORETYPE SKYLAKEX)
    elseif(flags MATCHES "avx2" AND flags MATCHES "fma")
        set(SPOTGLASS_CORETYPE HASWELL)
    endif()
endif()

# spotglass_test_in_windows(<Class>...): runs tests registered above a second time, as <Class>Xvfb, with windows of the
# X Window System on a server of their own. For tests that drive real widgets. Skipped where there is no Xvfb.
function(spotglass_test_in_windows)
    foreach(class IN LISTS ARGN)
        add_test(NAME ${class}Xvfb COMMAND ${CMAKE_SOURCE_DIR}/tests/with_xvfb.sh $<TARGET_FILE:Test${class}>)
        get_test_property(${class} TIMEOUT timeout)
        set_tests_properties(${class}Xvfb PROPERTIES TIMEOUT ${timeout} SKIP_RETURN_CODE 77 ENVIRONMENT
            "SPOTGLASS_SHARED=${CMAKE_SOURCE_DIR}/../shared;OPENBLAS_NUM_THREADS=2;SPOTGLASS_CACHE=none")
    endforeach()
endfunction()
