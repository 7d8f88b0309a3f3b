#ifndef CIMAGE_H
#define CIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// PNG and JPEG in memory, over libpng and libjpeg. No file names, no global state, thread safe.
/// Every function returns a status and, if it is not CIMAGE_OK, writes one line to `message`. Of an
/// image that is read in spite of a slip of its writer's, `message` tells the first slip.
/// The libraries leave by longjmp on an error; the jump always ends inside this module.

typedef enum {
  CIMAGE_OK = 0,
  /// The bytes end before the image does.
  CIMAGE_TRUNCATED,
  /// The bytes are not a sound PNG or JPEG.
  CIMAGE_DAMAGED,
  /// The image exceeds the limits.
  CIMAGE_TOO_LARGE,
  /// A sound image of a kind that is not read (16-bit labels, a JPEG of two channels).
  CIMAGE_UNSUPPORTED,
} cimage_status;

typedef enum { CIMAGE_PNG = 0, CIMAGE_JPEG = 1 } cimage_format;

typedef enum {
  /// 3 bytes a pixel. Gray and palette images are expanded, alpha is dropped, of 16 bits the
  /// upper 8 are kept.
  CIMAGE_RGB = 0,
  /// 1 byte a pixel: the gray value or palette index as it is stored (PNG, at most 8 bits).
  CIMAGE_LABELS = 1,
} cimage_layout;

enum { CIMAGE_MESSAGE_SIZE = 160 };

/// What an image may measure at most.
typedef struct {
  uint32_t width;
  uint32_t height;
  uint64_t pixels;
} cimage_limits;

/// What the first bytes of an image tell.
typedef struct {
  cimage_format format;
  uint32_t width;
  uint32_t height;
  /// Values a pixel as stored: 1 gray or palette index, 2 gray and alpha, 3 RGB, 4 RGBA or CMYK.
  uint32_t channels;
  /// Bits a value.
  uint32_t depth;
  bool palette;
  /// How the image is to be turned to be seen (EXIF), 1 to 8; 1: as it is stored; 0: a PNG that
  /// says nothing of it before its pixels. Width, height and decoded pixels are as stored.
  uint32_t orientation;
} cimage_header;

/// Reads the header from the first bytes of an image. CIMAGE_TRUNCATED: more bytes are needed.
cimage_status cimage_read_header(
  cimage_header *header, const uint8_t *bytes, size_t length, cimage_limits limits,
  char message[CIMAGE_MESSAGE_SIZE]);

/// The EXIF orientation that the last bytes of a PNG say, behind its pixels, 1 to 8; 0 if none.
uint32_t cimage_png_late_orientation(const uint8_t *last, size_t length);

/// Decodes a whole image to `pixels`, rows from the top, no padding.
/// `capacity` must be width * height * (3 or 1), from the header.
cimage_status cimage_decode(
  uint8_t *pixels, size_t capacity, const uint8_t *bytes, size_t length, cimage_layout layout,
  cimage_limits limits, char message[CIMAGE_MESSAGE_SIZE]);

/// Encodes a PNG: 3 bytes a pixel (CIMAGE_RGB) or 1 (CIMAGE_LABELS), which are gray values
/// if `colour_count` is 0 and otherwise indices into `colours` (3 bytes each).
/// `*encoded` is to be freed with cimage_free.
cimage_status cimage_encode_png(
  uint8_t **encoded, size_t *encoded_length, const uint8_t *pixels, uint32_t width,
  uint32_t height, cimage_layout layout, const uint8_t *colours, size_t colour_count,
  char message[CIMAGE_MESSAGE_SIZE]);

/// Encodes a JPEG of 3 bytes a pixel (CIMAGE_RGB), with colour at full size, at a quality from 1 to
/// 100. `*encoded` is to be freed with cimage_free.
cimage_status cimage_encode_jpeg(
  uint8_t **encoded, size_t *encoded_length, const uint8_t *pixels, uint32_t width,
  uint32_t height, int quality, char message[CIMAGE_MESSAGE_SIZE]);

/// Frees what cimage_encode_png or cimage_encode_jpeg returned.
void cimage_free(uint8_t *encoded);

#endif
