#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

cimage_status cimage_fail(char *message, cimage_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, CIMAGE_MESSAGE_SIZE, format, arguments);
  va_end(arguments);
  // Libraries quote bytes of the file: keep the message one line of plain ASCII.
  for (char *c = message; *c != 0; ++c) {
    if (*c < 0x20 || *c > 0x7e) *c = '?';
  }
  return status;
}

cimage_status cimage_check_size(
  uint64_t width, uint64_t height, cimage_limits limits, char *message) {
  if (width == 0 || height == 0) {
    return cimage_fail(message, CIMAGE_DAMAGED, "the image has no pixels");
  }
  if (width > limits.width || height > limits.height || width * height > limits.pixels) {
    return cimage_fail(
      message, CIMAGE_TOO_LARGE,
      "%llu x %llu pixels; expected at most %u x %u and %llu pixels in all",
      (unsigned long long)width, (unsigned long long)height, limits.width, limits.height,
      (unsigned long long)limits.pixels);
  }
  return CIMAGE_OK;
}

cimage_status cimage_read_header(
  cimage_header *header, const uint8_t *bytes, size_t length, cimage_limits limits,
  char *message) {
  static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  static const uint8_t jpeg[3] = {0xff, 0xd8, 0xff};
  message[0] = 0;
  if (length == 0) return cimage_fail(message, CIMAGE_TRUNCATED, "the file is empty");
  memset(header, 0, sizeof *header);
  cimage_status status;
  if (memcmp(bytes, png, length < sizeof png ? length : sizeof png) == 0) {
    status = cimage_read_png_header(header, bytes, length, message);
  } else if (memcmp(bytes, jpeg, length < sizeof jpeg ? length : sizeof jpeg) == 0) {
    status = cimage_read_jpeg_header(header, bytes, length, message);
  } else {
    return cimage_fail(message, CIMAGE_DAMAGED, "not a PNG or JPEG file");
  }
  if (status != CIMAGE_OK) return status;
  return cimage_check_size(header->width, header->height, limits, message);
}

cimage_status cimage_decode(
  uint8_t *pixels, size_t capacity, const uint8_t *bytes, size_t length, cimage_layout layout,
  cimage_limits limits, char *message) {
  cimage_header header;
  cimage_status status = cimage_read_header(&header, bytes, length, limits, message);
  if (status != CIMAGE_OK) return status;
  size_t needed = (size_t)header.width * header.height * (layout == CIMAGE_RGB ? 3 : 1);
  if (capacity != needed) {
    return cimage_fail(
      message, CIMAGE_DAMAGED, "the image needs %zu bytes, the buffer has %zu", needed, capacity);
  }
  if (header.format == CIMAGE_PNG) {
    return cimage_decode_png(pixels, bytes, length, layout, &header, message);
  }
  if (layout == CIMAGE_LABELS) {
    return cimage_fail(message, CIMAGE_UNSUPPORTED, "a JPEG file cannot hold labels; expected PNG");
  }
  return cimage_decode_jpeg(pixels, bytes, length, &header, message);
}
