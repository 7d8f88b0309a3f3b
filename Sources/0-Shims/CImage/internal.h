#ifndef CIMAGE_INTERNAL_H
#define CIMAGE_INTERNAL_H

#include "CImage.h"

#ifdef __GNUC__
__attribute__((format(printf, 3, 4)))
#endif
/// Writes the line and returns the status.
cimage_status
cimage_fail(char *message, cimage_status status, const char *format, ...);

/// CIMAGE_OK if the size is within the limits.
cimage_status cimage_check_size(
  uint64_t width, uint64_t height, cimage_limits limits, char *message);

cimage_status cimage_read_png_header(
  cimage_header *header, const uint8_t *bytes, size_t length, char *message);
cimage_status cimage_read_jpeg_header(
  cimage_header *header, const uint8_t *bytes, size_t length, char *message);

/// The EXIF orientation of a JPEG, 1 to 8; 1 if it says none. The bytes may end behind the header.
uint32_t cimage_jpeg_orientation(const uint8_t *bytes, size_t length);
/// The same of what EXIF is within JPEG and PNG: a TIFF file without pixels.
uint32_t cimage_tiff_orientation(const uint8_t *tiff, size_t length);

/// `header` is what cimage_read_header found; the buffer fits it.
cimage_status cimage_decode_png(
  uint8_t *pixels, const uint8_t *bytes, size_t length, cimage_layout layout,
  const cimage_header *header, char *message);
/// The same, always CIMAGE_RGB.
cimage_status cimage_decode_jpeg(
  uint8_t *pixels, const uint8_t *bytes, size_t length, const cimage_header *header,
  char *message);

#endif
