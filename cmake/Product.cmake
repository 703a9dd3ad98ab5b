# libdiffernet (shared and static), the command-line tool, and what `cmake --install` brings.
add_library(differnet SHARED ${DIFFERNET_OBJECTS})
add_library(differnet_static STATIC ${DIFFERNET_OBJECTS})
set_target_properties(differnet PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0)
set_target_properties(differnet_static PROPERTIES OUTPUT_NAME differnet)
foreach(library differnet differnet_static)
  target_include_directories(${library} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
                                               $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${library} PRIVATE ${DIFFERNET_LINKS})
endforeach()

file(GLOB cli_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cli/*.c)
add_executable(differnet_cli ${cli_sources})
set_target_properties(differnet_cli PROPERTIES OUTPUT_NAME differnet)
target_include_directories(differnet_cli PRIVATE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(differnet_cli PRIVATE _GNU_SOURCE)
target_link_libraries(differnet_cli PRIVATE differnet_static)
