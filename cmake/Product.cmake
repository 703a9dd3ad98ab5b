# libdiffernet (shared and static), the command-line tool, and what `cmake --install` brings.
include(CMakePackageConfigHelpers)

# The SONAME and CMake's version check promise the same (docs/abi.md): the ABI stays within a minor version before 1.0, and within
# a major version later.
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(abi_version 0.${PROJECT_VERSION_MINOR})
  set(abi_compatibility SameMinorVersion)
else()
  set(abi_version ${PROJECT_VERSION_MAJOR})
  set(abi_compatibility SameMajorVersion)
endif()

add_library(differnet SHARED ${DIFFERNET_OBJECTS})
add_library(differnet_static STATIC ${DIFFERNET_OBJECTS})
set_target_properties(differnet PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${abi_version})
set_target_properties(differnet_static PROPERTIES OUTPUT_NAME differnet)
foreach(library differnet differnet_static)
  target_include_directories(${library} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
                                               $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${library} PRIVATE ${DIFFERNET_LINKS})
endforeach()

file(GLOB_RECURSE cli_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cli/*.c)
if(NOT DIFFERNET_STATION)
  list(FILTER cli_sources EXCLUDE REGEX /src/cli/station/)
endif()
add_executable(differnet_cli ${cli_sources} $<TARGET_OBJECTS:objects_program> ${DIFFERNET_STATION_OBJECTS})
set_target_properties(differnet_cli PROPERTIES OUTPUT_NAME differnet)
target_include_directories(differnet_cli PRIVATE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(differnet_cli PRIVATE _GNU_SOURCE
                           DN_DATA_FOLDER="${CMAKE_INSTALL_FULL_DATADIR}/differnet")
# On its own it needs no installed library; in a wheel both lie together, and what is in the library is there once.
target_link_libraries(differnet_cli PRIVATE $<IF:$<BOOL:${DIFFERNET_CLI_SHARED}>,differnet,differnet_static>
                      ${DIFFERNET_STATION_LINKS} m Threads::Threads)
if(DIFFERNET_STATION)
  target_compile_definitions(differnet_cli PRIVATE DN_USE_STATION)
endif()

# The module for mpirun, beside the program; it finds MPI's functions when it is loaded.
if(DIFFERNET_MPI AND MPI_FOUND)
  add_library(differnet_mpi MODULE ${CMAKE_SOURCE_DIR}/src/group/mpi/module.c)
  set_target_properties(differnet_mpi PROPERTIES PREFIX "")
  target_include_directories(differnet_mpi PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_include_directories(differnet_mpi SYSTEM PRIVATE ${MPI_INCLUDE_DIRS})
  target_compile_definitions(differnet_mpi PRIVATE _GNU_SOURCE)
  add_dependencies(differnet_cli differnet_mpi)
  install(TARGETS differnet_mpi DESTINATION ${CMAKE_INSTALL_LIBDIR}/differnet)
endif()

# The tool prints its man page and shell completion from its option table.
set(completion ${CMAKE_BINARY_DIR}/completion)
file(MAKE_DIRECTORY ${completion})
add_custom_command(TARGET differnet_cli POST_BUILD
  COMMAND differnet_cli --man > ${CMAKE_BINARY_DIR}/differnet.1
  COMMAND differnet_cli --completion bash > ${completion}/differnet
  COMMAND differnet_cli --completion zsh > ${completion}/_differnet
  BYPRODUCTS ${CMAKE_BINARY_DIR}/differnet.1 ${completion}/differnet ${completion}/_differnet VERBATIM)

install(TARGETS differnet EXPORT differnet_targets)
install(TARGETS differnet_static differnet_cli)
install(FILES include/differnet.h include/differnet_tools.h TYPE INCLUDE)
install(FILES ${CMAKE_BINARY_DIR}/differnet.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${completion}/differnet DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${completion}/_differnet DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES README.md CHANGELOG.md SECURITY.md LICENSE TYPE DOC)
if(DIFFERNET_STATION)
  configure_file(packaging/differnet-station.service.in ${CMAKE_BINARY_DIR}/differnet-station.service @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/differnet-station.service DESTINATION lib/systemd/system)
  install(FILES packaging/serve.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
endif()
install(DIRECTORY dummy_dataset DESTINATION ${CMAKE_INSTALL_DATADIR}/differnet)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/differnet)
install(EXPORT differnet_targets NAMESPACE differnet:: DESTINATION ${package_folder}
        FILE differnet-config.cmake)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/differnet-config-version.cmake
                                 COMPATIBILITY ${abi_compatibility})
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
