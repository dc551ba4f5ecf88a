# ESP-IDF includes this for every project that has the component, before any component's CMakeLists.txt is evaluated.
include("${CMAKE_CURRENT_LIST_DIR}/cmake/secure_esp_generate.cmake")
