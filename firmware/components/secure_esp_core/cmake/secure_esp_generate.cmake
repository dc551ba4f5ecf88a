# secure_esp_generate(PROTOCOL <file> [PREFIX <prefix>] [OUT <folder>] [TARGET <target>] [DEPENDS <file>...])
#
# Adds the C of a contract to a library. Where Node.js and secure-esp are installed the C is generated: when CMake runs,
# and again by the build when the contract has changed. Elsewhere the generated files that are committed in OUT are
# compiled as they are.
#
#   PROTOCOL  module whose default export is the contract, e.g. ../contract/thermostat.ts
#   PREFIX    first part of every C name; default: the contract's name in snake_case
#   OUT       folder of the generated files, to be committed; default: generated
#   TARGET    library that gets the source file and, publicly, the folder of the headers; default: the ESP-IDF component
#             whose CMakeLists.txt makes the call, after idf_component_register
#   DEPENDS   files that the contract imports: a change of one generates again, too
#
# Relative paths start at the folder of the calling CMakeLists.txt. Cache variables:
#
#   SECURE_ESP_GENERATE  OFF: always compile what is committed
#   SECURE_ESP_NODE      path of node; default: the one on the PATH
#   SECURE_ESP_CLI       path of a secure-esp on the PATH, for contracts without one in a node_modules folder above them
#
# Needs CMake 3.16, as ESP-IDF does.

option(SECURE_ESP_GENERATE "Generate C from contracts where Node.js is installed" ON)

function(secure_esp_generate)
  # ESP-IDF evaluates every CMakeLists.txt twice, first as a script that only collects requirements: no targets yet.
  if(CMAKE_BUILD_EARLY_EXPANSION OR CMAKE_SCRIPT_MODE_FILE)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "PROTOCOL;PREFIX;OUT;TARGET" "DEPENDS")
  if(DEFINED arg_UNPARSED_ARGUMENTS OR DEFINED arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "secure_esp_generate takes PROTOCOL, PREFIX, OUT, TARGET and DEPENDS, each with a value.")
  endif()
  if(NOT DEFINED arg_PROTOCOL)
    message(FATAL_ERROR "secure_esp_generate needs PROTOCOL, the file of the contract.")
  endif()
  if(NOT DEFINED arg_OUT)
    set(arg_OUT generated)
  endif()
  get_filename_component(protocol "${arg_PROTOCOL}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
  get_filename_component(out "${arg_OUT}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
  if(NOT EXISTS "${protocol}")
    message(FATAL_ERROR "secure_esp_generate: there is no contract ${protocol}.")
  endif()
  if(NOT DEFINED arg_TARGET)
    if(NOT DEFINED COMPONENT_LIB)
      message(FATAL_ERROR "secure_esp_generate: call it after idf_component_register, or name a library with TARGET.")
    endif()
    set(arg_TARGET "${COMPONENT_LIB}")
  endif()
  get_target_property(type "${arg_TARGET}" TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    message(FATAL_ERROR "secure_esp_generate: ${arg_TARGET} compiles nothing, give it a source file in SRCS.")
  endif()

  _secure_esp_find_generator("${protocol}" generator missing)
  if(generator)
    set(arguments codegen c --protocol "${protocol}" --out "${out}" --list)
    if(DEFINED arg_PREFIX)
      list(APPEND arguments --prefix "${arg_PREFIX}")
    endif()
    _secure_esp_run_generator("${protocol}" "${generator}" "${arguments}" files)
    # A changed contract, generator or generated file runs CMake again, and with it the generator, before anything is
    # compiled. A custom command would do without that, but then `clean` would delete files that are committed.
    set(depends "${protocol}" ${files})
    foreach(file IN LISTS arg_DEPENDS)
      get_filename_component(file "${file}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
      list(APPEND depends "${file}")
    endforeach()
    list(GET generator -1 program)
    list(APPEND depends "${program}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${depends})
  else()
    _secure_esp_find_committed("${protocol}" "${out}" "${missing}" files)
  endif()

  set(sources ${files})
  list(FILTER sources INCLUDE REGEX "\\.c$")
  target_sources("${arg_TARGET}" PRIVATE ${sources})
  target_include_directories("${arg_TARGET}" PUBLIC "${out}")
endfunction()

# The command that starts secure-esp, or an empty one and the reason.
function(_secure_esp_find_generator protocol command_variable missing_variable)
  set(${command_variable} "" PARENT_SCOPE)
  set(${missing_variable} "" PARENT_SCOPE)
  if(NOT SECURE_ESP_GENERATE)
    set(${missing_variable} "SECURE_ESP_GENERATE is off" PARENT_SCOPE)
    return()
  endif()
  # What a shell would start. The search paths of a cross-compiling toolchain are for the target.
  set(on_path NO_CMAKE_PATH NO_CMAKE_ENVIRONMENT_PATH NO_CMAKE_SYSTEM_PATH NO_CMAKE_FIND_ROOT_PATH)
  foreach(cached SECURE_ESP_NODE SECURE_ESP_CLI)
    if(${cached} AND NOT EXISTS "${${cached}}")
      unset(${cached} CACHE)
    endif()
  endforeach()
  find_program(SECURE_ESP_NODE NAMES node nodejs DOC "Node.js, runs the generator of C" ${on_path})
  if(NOT SECURE_ESP_NODE)
    set(${missing_variable} "Node.js is not installed" PARENT_SCOPE)
    return()
  endif()
  get_filename_component(folder "${protocol}" DIRECTORY)
  set(below "")
  while(NOT folder STREQUAL below)
    set(script "${folder}/node_modules/secure-esp/bin/secure-esp.js")
    if(EXISTS "${script}")
      set(${command_variable} "${SECURE_ESP_NODE}" "${script}" PARENT_SCOPE)
      return()
    endif()
    set(below "${folder}")
    get_filename_component(folder "${folder}" DIRECTORY)
  endwhile()
  find_program(SECURE_ESP_CLI NAMES secure-esp.cmd secure-esp DOC "secure-esp, the generator of C" ${on_path})
  if(SECURE_ESP_CLI)
    set(${command_variable} "${SECURE_ESP_CLI}" PARENT_SCOPE)
  else()
    set(${missing_variable} "secure-esp is not installed (npm install --save-dev secure-esp)" PARENT_SCOPE)
  endif()
endfunction()

# Generates what is missing or out of date, and tells the paths of all generated files.
function(_secure_esp_run_generator protocol generator arguments files_variable)
  get_filename_component(folder "${protocol}" DIRECTORY)
  execute_process(
    COMMAND ${generator} ${arguments}
    WORKING_DIRECTORY "${folder}"
    RESULT_VARIABLE result
    OUTPUT_VARIABLE output
    ERROR_VARIABLE error
    OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_STRIP_TRAILING_WHITESPACE
  )
  if(NOT result EQUAL 0)
    string(REPLACE "\n" "\n  " error "${error}")
    message(FATAL_ERROR "${protocol}:\n  ${error}\nTo compile the committed files instead: -DSECURE_ESP_GENERATE=OFF")
  endif()
  string(REGEX REPLACE "\r?\n" ";" files "${output}")
  set(${files_variable} "${files}" PARENT_SCOPE)
endfunction()

# The generated files of one contract in a folder; without them there is nothing to compile.
function(_secure_esp_find_committed protocol out missing files_variable)
  file(GLOB files "${out}/*_protocol.c")
  list(LENGTH files count)
  if(count EQUAL 0)
    message(
      FATAL_ERROR
      "${missing}, and ${out} holds no generated files. Install Node.js 20.19 or later and, next to the contract, "
      "`npm install --save-dev secure-esp`; or commit the files where both are: "
      "`npx secure-esp codegen c --protocol ${protocol} --out ${out}`."
    )
  elseif(count GREATER 1)
    message(FATAL_ERROR "${out} holds the generated files of several contracts: give each a folder of its own with OUT.")
  endif()
  message(STATUS "secure_esp_generate: ${missing}; compiling the committed files in ${out}")
  set(${files_variable} "${files}" PARENT_SCOPE)
endfunction()
