# libdiffernet (shared and static), the command-line tool, and what `cmake --install` brings.
include(CMakePackageConfigHelpers)

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
target_compile_definitions(differnet_cli PRIVATE _GNU_SOURCE
                           DN_DATA_FOLDER="${CMAKE_INSTALL_FULL_DATADIR}/differnet")
target_link_libraries(differnet_cli PRIVATE differnet_static)

# The man page comes from the tool's own option table.
add_custom_command(TARGET differnet_cli POST_BUILD
  COMMAND differnet_cli --man > ${CMAKE_BINARY_DIR}/differnet.1
  BYPRODUCTS ${CMAKE_BINARY_DIR}/differnet.1 VERBATIM)

install(TARGETS differnet EXPORT differnet_targets)
install(TARGETS differnet_static differnet_cli)
install(FILES include/differnet.h include/differnet_tools.h TYPE INCLUDE)
install(FILES ${CMAKE_BINARY_DIR}/differnet.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES README.md CHANGELOG.md LICENSE TYPE DOC)
install(DIRECTORY dummy_dataset DESTINATION ${CMAKE_INSTALL_DATADIR}/differnet)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/differnet)
install(EXPORT differnet_targets NAMESPACE differnet:: DESTINATION ${package_folder}
        FILE differnet-config.cmake)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/differnet-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/differnet-config-version.cmake DESTINATION ${package_folder})
set(DIFFERNET_PC_PRIVATE "")
if(DIFFERNET_ONEDNN)
  string(APPEND DIFFERNET_PC_PRIVATE " -ldnnl")
endif()
if(DIFFERNET_OPENMP)
  string(APPEND DIFFERNET_PC_PRIVATE " -fopenmp")
endif()
configure_file(cmake/differnet.pc.in ${CMAKE_BINARY_DIR}/differnet.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/differnet.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
