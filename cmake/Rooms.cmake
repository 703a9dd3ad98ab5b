# One library per room. A room links only the rooms it may know (docs/architecture.md), so a call in the wrong
# direction does not link: in that room's tests, nor when whole_<room> links all of its files.
set(DIFFERNET_OBJECTS "")
set(DIFFERNET_LINKS m Threads::Threads)

# A room is the folder src/<name> and all below it, or the FILES named, but for EXCEPT.
function(differnet_room name)
  cmake_parse_arguments(ROOM "" "" "FILES;EXCEPT;KNOWS;USES" ${ARGN})
  list(TRANSFORM ROOM_FILES PREPEND ${CMAKE_SOURCE_DIR}/src/)
  list(TRANSFORM ROOM_EXCEPT PREPEND ${CMAKE_SOURCE_DIR}/src/)
  if(ROOM_FILES)
    file(GLOB sources CONFIGURE_DEPENDS ${ROOM_FILES})
  else()
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.c)
  endif()
  if(ROOM_EXCEPT)
    list(REMOVE_ITEM sources ${ROOM_EXCEPT})
  endif()
  add_library(objects_${name} OBJECT ${sources})
  target_include_directories(objects_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
  target_compile_definitions(objects_${name} PRIVATE DN_VERSION="${PROJECT_VERSION}" _GNU_SOURCE)
  target_link_libraries(objects_${name} PUBLIC ${ROOM_USES})
  add_library(room_${name} STATIC $<TARGET_OBJECTS:objects_${name}>)
  target_include_directories(room_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
  list(TRANSFORM ROOM_KNOWS PREPEND room_ OUTPUT_VARIABLE known)
  target_link_libraries(room_${name} PUBLIC ${known} ${ROOM_USES} m Threads::Threads)
  if(DIFFERNET_TESTS AND NOT DIFFERNET_SANITIZE AND NOT DIFFERNET_FUZZ)
    add_library(whole_${name} SHARED $<TARGET_OBJECTS:objects_${name}>)
    target_link_libraries(whole_${name} PRIVATE ${known} ${ROOM_USES} m Threads::Threads)
    target_link_options(whole_${name} PRIVATE -Wl,-z,defs)
    set_target_properties(whole_${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/rooms)
  endif()
  set(DIFFERNET_OBJECTS ${DIFFERNET_OBJECTS} $<TARGET_OBJECTS:objects_${name}> PARENT_SCOPE)
  set(DIFFERNET_LINKS ${DIFFERNET_LINKS} ${ROOM_USES} PARENT_SCOPE)
endfunction()

# The text file src/<path> as `const char symbol[]`, zero-terminated, in a room's objects.
function(differnet_embed room path symbol)
  set(generated ${CMAKE_BINARY_DIR}/embedded/${symbol}.c)
  add_custom_command(OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${CMAKE_SOURCE_DIR}/src/${path} -DOUTPUT=${generated}
            -DSYMBOL=${symbol} -P ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake
    DEPENDS ${CMAKE_SOURCE_DIR}/src/${path} ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake VERBATIM)
  target_sources(objects_${room} PRIVATE ${generated})
endfunction()

set(openmp "")
if(DIFFERNET_OPENMP)
  set(openmp OpenMP::OpenMP_C)
endif()
set(dnnl "")
if(DIFFERNET_ONEDNN)
  set(dnnl ${DNNL_LIBRARY})
endif()

differnet_room(base USES PkgConfig::NETTLE ${openmp})
differnet_room(group FILES group/*.c KNOWS base USES ${CMAKE_DL_LIBS})
differnet_room(config KNOWS base USES PkgConfig::YAML)
# The sub-rooms of image/: pixels in memory, what is made of them, files out, and the formats of files in.
differnet_room(image_pixels FILES image/image.c KNOWS base)
differnet_room(image_transform FILES image/transform/*.c KNOWS base image_pixels)
differnet_room(image_encode FILES image/encode/*.c KNOWS base image_pixels
               USES PkgConfig::JPEG PkgConfig::PNG PkgConfig::TIFF)
differnet_room(image_formats FILES image/formats/*.c KNOWS base image_pixels
               USES PkgConfig::JPEG PkgConfig::PNG PkgConfig::TIFF PkgConfig::WEBP)
differnet_room(image FILES image/*.c EXCEPT image/image.c KNOWS base image_pixels image_transform image_encode image_formats)
# The sub-rooms of tensors/: tensors in memory, and files out; tensors/ itself reads files.
set(tensor_values tensors/tensor.c tensors/names.c)
differnet_room(tensors_values FILES ${tensor_values} KNOWS base)
differnet_room(tensors_write FILES tensors/write/*.c KNOWS base tensors_values
               USES PkgConfig::CJSON PkgConfig::ZIP PkgConfig::ZLIB)
differnet_room(tensors FILES tensors/*.c EXCEPT ${tensor_values} KNOWS base tensors_values tensors_write
               USES PkgConfig::CJSON PkgConfig::ZIP PkgConfig::ZLIB)
# The sub-rooms of compute/. Only compute.c, which opens a backend, knows which there are.
differnet_room(compute_operands FILES compute/*.c EXCEPT compute/compute.c KNOWS base)
differnet_room(compute_cpu FILES compute/cpu/*.c KNOWS base compute_operands USES ${openmp})
# Nobody reads the flags of floating-point exceptions, for which compilers keep branches where NEON and AVX2 could select.
target_compile_options(objects_compute_cpu PRIVATE -fno-trapping-math)
differnet_room(compute_reference FILES compute/reference/*.c KNOWS base compute_operands)
differnet_room(compute_portable FILES compute/portable/*.c KNOWS base compute_operands compute_cpu USES ${openmp})
# Products and sums in one instruction where the processor has it; these loops define the backend's numbers.
target_compile_options(objects_compute_portable PRIVATE -fno-trapping-math -ffp-contract=fast)
set(backends compute_reference compute_portable)
if(DIFFERNET_ONEDNN)
  differnet_room(compute_onednn FILES compute/onednn/*.c KNOWS base compute_operands compute_cpu
                 USES ${dnnl} ${openmp})
  list(APPEND backends compute_onednn)
endif()
differnet_room(compute FILES compute/compute.c KNOWS base compute_operands ${backends})
differnet_room(dataset_names FILES dataset/names/*.c KNOWS base)
differnet_room(dataset FILES dataset/*.c KNOWS base dataset_names)
differnet_room(bank KNOWS base)
differnet_room(metrics KNOWS base)
differnet_room(backbone KNOWS base compute tensors)
differnet_room(flow KNOWS base compute)
differnet_room(places KNOWS base config compute tensors backbone)
differnet_room(detect_calibration FILES detect/calibration/*.c KNOWS base config metrics USES PkgConfig::CJSON)
differnet_room(detect_tiles FILES detect/tiles/*.c KNOWS base config image places tensors metrics)
differnet_room(detect_features FILES detect/features/*.c KNOWS base config image dataset compute backbone places detect_tiles
               USES PkgConfig::CJSON)
differnet_room(detect FILES detect/*.c
               KNOWS base config image dataset compute backbone flow places tensors metrics detect_calibration detect_tiles
                     detect_features
               USES PkgConfig::CJSON)
differnet_room(inspect KNOWS base config image dataset compute backbone flow places tensors metrics detect)
differnet_room(train_features FILES train/features/*.c
               KNOWS base config image dataset bank compute backbone flow places tensors detect)
differnet_room(train_choices FILES train/choices/*.c
               KNOWS base config image dataset compute backbone flow places tensors metrics detect inspect)
differnet_room(train FILES train/*.c
               KNOWS base group config image dataset bank compute backbone flow places tensors metrics detect inspect
                     train_features train_choices)
differnet_room(check KNOWS base config image dataset)
differnet_room(report FILES report/*.c KNOWS base config image dataset check metrics USES PkgConfig::CJSON)
differnet_room(report_html FILES report/html/*.c KNOWS base config image dataset check metrics report)
differnet_room(parts KNOWS base)
differnet_room(classes KNOWS base config image dataset check metrics report report_html USES PkgConfig::CJSON)
differnet_room(interchange KNOWS base config image tensors compute backbone flow places detect
               USES PkgConfig::PROTOBUF_C)
differnet_room(benchmark KNOWS base group config image dataset bank compute backbone flow places detect inspect train report
               USES PkgConfig::CJSON)
differnet_room(api_holdout FILES api/holdout/*.c
               KNOWS base group config image dataset bank compute backbone flow places tensors detect inspect train metrics)
differnet_room(api_results FILES api/results/*.c
               KNOWS base group config image dataset bank compute backbone flow places tensors detect inspect train metrics
                     report report_html USES PkgConfig::CJSON)
differnet_room(api_estimate FILES api/estimate/*.c
               KNOWS base group config image dataset bank compute backbone flow places tensors detect inspect train metrics
                     check report benchmark USES PkgConfig::CJSON)
differnet_room(api_parts FILES api/parts/*.c
               KNOWS base group config image dataset bank compute backbone flow places tensors detect inspect train metrics
                     check parts)
differnet_room(api FILES api/*.c
               KNOWS base group config image dataset bank compute backbone flow places tensors detect inspect train interchange
                     metrics check report report_html classes parts api_estimate api_holdout api_results api_parts USES PkgConfig::CJSON)

differnet_embed(report_html report/html/report.css dn_report_css)
differnet_embed(report_html report/html/report.js dn_report_js)

target_compile_definitions(objects_group PRIVATE DN_LIBRARY_FOLDER="${CMAKE_INSTALL_LIBDIR}"
                           DN_MPI_LIBRARY="${DIFFERNET_MPI_LIBRARY}")
if(DIFFERNET_OPENMP)
  target_compile_definitions(objects_base PRIVATE DN_USE_OPENMP)
endif()
if(DIFFERNET_ONEDNN)
  target_compile_definitions(objects_compute PRIVATE DN_USE_ONEDNN)
  target_include_directories(objects_compute_onednn PRIVATE ${DNNL_INCLUDE_DIR})
  if(DIFFERNET_OPENMP)
    target_compile_definitions(objects_compute_onednn PRIVATE DN_USE_OPENMP)
  endif()
endif()

# The embedded backbones; the assembler reads them, which the compiler's dependency scan does not see.
set(DIFFERNET_BACKBONE_NAME differnet-alexnet-2)
set(DIFFERNET_BACKBONE_LITE0_NAME differnet-lite0-1)
set(DIFFERNET_BACKBONES ${CMAKE_SOURCE_DIR}/data/backbone)
set(alexnet_file ${DIFFERNET_BACKBONES}/${DIFFERNET_BACKBONE_NAME}.safetensors)
set(lite0_file ${DIFFERNET_BACKBONES}/${DIFFERNET_BACKBONE_LITE0_NAME}.safetensors)
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/backbone/embedded.c PROPERTIES
                            OBJECT_DEPENDS "${alexnet_file};${lite0_file}"
                            COMPILE_DEFINITIONS "DN_BACKBONE_ALEXNET=\"${alexnet_file}\";DN_BACKBONE_LITE0=\"${lite0_file}\"")

set(onnx_folder ${CMAKE_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${onnx_folder})
add_custom_command(OUTPUT ${onnx_folder}/onnx/onnx.pb-c.c ${onnx_folder}/onnx/onnx.pb-c.h
  COMMAND ${PROTOC_C} --c_out=${onnx_folder} -I${ONNX_PROTO_DIR} onnx/onnx.proto
  DEPENDS ${ONNX_PROTO_DIR}/onnx/onnx.proto VERBATIM)
target_sources(objects_interchange PRIVATE ${onnx_folder}/onnx/onnx.pb-c.c)
set_source_files_properties(${onnx_folder}/onnx/onnx.pb-c.c PROPERTIES COMPILE_OPTIONS -w)
target_include_directories(objects_interchange SYSTEM PUBLIC ${onnx_folder})
target_include_directories(room_interchange SYSTEM PUBLIC ${onnx_folder})
