#include <png.h>
#include <string.h>

#include "internal.h"

typedef struct {
  const uint8_t *bytes;
  size_t left;
  bool has_rows;
  cimage_status status;
  char *message;
} png_context;

static _Noreturn void leave(png_structp png, png_const_charp text) {
  png_context *context = png_get_error_ptr(png);
  if (context->status == CIMAGE_OK) {
    context->status = cimage_fail(context->message, CIMAGE_DAMAGED, "libpng: %s", text);
  }
  png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep destination, size_t count) {
  png_context *context = png_get_io_ptr(png);
  if (count > context->left) {
    if (context->has_rows) {
      cimage_fail(
        context->message, CIMAGE_OK, "the file ends before its last chunk, behind all pixels");
      png_longjmp(png, 1);
    }
    context->status =
      cimage_fail(context->message, CIMAGE_TRUNCATED, "the file ends before the image does");
    leave(png, "");
  }
  memcpy(destination, context->bytes, count);
  context->bytes += count;
  context->left -= count;
}

static uint32_t big_endian(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

// The checksum of PNG's chunks, bit by bit: few are checked here.
static uint32_t checksum(const uint8_t *bytes, size_t count) {
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < count; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

// Bytes of a chunk's size, name and checksum together, and of the EXIF data that is looked at.
enum { CHUNK_FRAME = 12, LONGEST_EXIF = 1 << 20 };

static bool is_exif(const uint8_t *chunk, size_t length) {
  if (length < CHUNK_FRAME || memcmp(chunk + 4, "eXIf", 4) != 0) return false;
  size_t size = big_endian(chunk);
  return size <= LONGEST_EXIF && size <= length - CHUNK_FRAME;
}

// What a chunk says for which `is_exif` holds; 0 if it is damaged.
static uint32_t orientation_of_chunk(const uint8_t *chunk) {
  size_t size = big_endian(chunk);
  bool is_sound = checksum(chunk + 4, 4 + size) == big_endian(chunk + 8 + size);
  return is_sound ? cimage_tiff_orientation(chunk + 8, size) : 0;
}

// Goes over the chunks between the first and the pixels.
static cimage_status find_orientation(
  cimage_header *header, const uint8_t *bytes, size_t length, char *message) {
  for (size_t place = 33; length - place >= CHUNK_FRAME;) {
    const uint8_t *chunk = bytes + place;
    if (memcmp(chunk + 4, "IDAT", 4) == 0 || memcmp(chunk + 4, "IEND", 4) == 0) return CIMAGE_OK;
    if (header->orientation == 0 && is_exif(chunk, length - place)) {
      header->orientation = orientation_of_chunk(chunk);
    }
    size_t size = big_endian(chunk);
    if (size > length - place - CHUNK_FRAME) break;
    place += CHUNK_FRAME + size;
  }
  return cimage_fail(message, CIMAGE_TRUNCATED, "the file ends before the image does");
}

// Where chunks begin is not known here. Pixels that look like one have not its checksum.
uint32_t cimage_png_late_orientation(const uint8_t *last, size_t length) {
  for (size_t place = 0; place < length; ++place) {
    if (is_exif(last + place, length - place)) return orientation_of_chunk(last + place);
  }
  return 0;
}

// The first chunk holds nearly everything, at fixed places: signature 8, length 4, "IHDR", width 4,
// height 4, depth 1, colour type 1. libpng checks the rest when it decodes.
cimage_status cimage_read_png_header(
  cimage_header *header, const uint8_t *bytes, size_t length, char *message) {
  if (length < 33) {
    return cimage_fail(message, CIMAGE_TRUNCATED, "the file ends before the image does");
  }
  if (big_endian(bytes + 8) != 13 || memcmp(bytes + 12, "IHDR", 4) != 0) {
    return cimage_fail(message, CIMAGE_DAMAGED, "the PNG header is not the first chunk");
  }
  header->format = CIMAGE_PNG;
  header->width = big_endian(bytes + 16);
  header->height = big_endian(bytes + 20);
  header->depth = bytes[24];
  switch (bytes[25]) {
    case PNG_COLOR_TYPE_GRAY: header->channels = 1; break;
    case PNG_COLOR_TYPE_PALETTE: header->channels = 1; header->palette = true; break;
    case PNG_COLOR_TYPE_GRAY_ALPHA: header->channels = 2; break;
    case PNG_COLOR_TYPE_RGB: header->channels = 3; break;
    case PNG_COLOR_TYPE_RGB_ALPHA: header->channels = 4; break;
    default:
      return cimage_fail(message, CIMAGE_DAMAGED, "PNG colour type %d is not defined", bytes[25]);
  }
  return find_orientation(header, bytes, length, message);
}

// Text, profiles and other metadata: may be bombs, and never change a pixel here.
static const png_byte ignored_chunks[] = "tEXt\0zTXt\0iTXt\0iCCP\0sPLT\0eXIf\0hIST";

static void set_limits(png_structp png, const cimage_header *header) {
  png_set_user_limits(png, header->width, header->height);
  png_set_chunk_cache_max(png, 16);
  png_set_chunk_malloc_max(png, 8 << 20);
  png_set_keep_unknown_chunks(
    png, PNG_HANDLE_CHUNK_NEVER, ignored_chunks, sizeof ignored_chunks / 5);
}

static void set_layout(png_structp png, cimage_layout layout, const cimage_header *header) {
  if (layout == CIMAGE_LABELS) {
    png_set_packing(png);  // 1, 2 and 4 bits: one value a byte, not scaled to 255
    return;
  }
  if (header->palette) png_set_palette_to_rgb(png);
  if (header->channels == 1 && !header->palette) png_set_expand_gray_1_2_4_to_8(png);
  if (header->channels <= 2 && !header->palette) png_set_gray_to_rgb(png);
  if (header->depth == 16) png_set_strip_16(png);
  png_set_strip_alpha(png);
}

// Returns early, with the status set, on an error. No local changes after setjmp.
static void decode_rows(
  png_structp png, png_infop info, png_context *context, uint8_t *pixels, cimage_layout layout,
  const cimage_header *header) {
  const size_t stride = (size_t)header->width * (layout == CIMAGE_RGB ? 3 : 1);
  if (setjmp(png_jmpbuf(png)) != 0) return;
  png_set_read_fn(png, context, read_bytes);
  set_limits(png, header);
  png_read_info(png, info);
  set_layout(png, layout, header);
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != stride) png_error(png, "unexpected row length");
  for (int pass = 0; pass < passes; ++pass) {
    for (size_t y = 0; y < header->height; ++y) png_read_row(png, pixels + y * stride, NULL);
  }
  context->has_rows = true;
  png_read_end(png, NULL);
}

cimage_status cimage_decode_png(
  uint8_t *pixels, const uint8_t *bytes, size_t length, cimage_layout layout,
  const cimage_header *header, char *message) {
  if (layout == CIMAGE_LABELS && (header->channels != 1 || header->depth > 8)) {
    return cimage_fail(
      message, CIMAGE_UNSUPPORTED,
      "labels of %u channels and %u bits; expected one class index of at most 8 bits a pixel",
      header->channels, header->depth);
  }
  png_context context = {bytes, length, false, CIMAGE_OK, message};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &context, leave, ignore_warning);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  if (info == NULL) {
    png_destroy_read_struct(&png, NULL, NULL);
    return cimage_fail(message, CIMAGE_TOO_LARGE, "no memory for the PNG reader");
  }
  decode_rows(png, info, &context, pixels, layout, header);
  png_destroy_read_struct(&png, &info, NULL);
  return context.status;
}
