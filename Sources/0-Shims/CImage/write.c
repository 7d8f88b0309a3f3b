#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

typedef struct {
  uint8_t *bytes;
  size_t length;
  size_t capacity;
  cimage_status status;
  char *message;
} png_sink;

static _Noreturn void leave(png_structp png, png_const_charp text) {
  png_sink *sink = png_get_error_ptr(png);
  sink->status = cimage_fail(sink->message, CIMAGE_UNSUPPORTED, "libpng: %s", text);
  png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void write_bytes(png_structp png, png_bytep source, size_t count) {
  png_sink *sink = png_get_io_ptr(png);
  if (count > sink->capacity - sink->length) {
    size_t capacity = 2 * sink->capacity + count;
    uint8_t *bytes = realloc(sink->bytes, capacity);
    if (bytes == NULL) png_error(png, "no memory for the encoded image");
    sink->bytes = bytes;
    sink->capacity = capacity;
  }
  memcpy(sink->bytes + sink->length, source, count);
  sink->length += count;
}

static void flush_nothing(png_structp png) { (void)png; }

// Returns early, with the status set, on an error. No local changes after setjmp.
static void encode_rows(
  png_structp png, png_infop info, png_sink *sink, const uint8_t *pixels, uint32_t width,
  uint32_t height, cimage_layout layout, const png_color *palette, size_t colour_count) {
  const size_t stride = (size_t)width * (layout == CIMAGE_RGB ? 3 : 1);
  const int kind = layout == CIMAGE_RGB ? PNG_COLOR_TYPE_RGB
    : colour_count > 0 ? PNG_COLOR_TYPE_PALETTE
    : PNG_COLOR_TYPE_GRAY;
  if (setjmp(png_jmpbuf(png)) != 0) return;
  png_set_write_fn(png, sink, write_bytes, flush_nothing);
  png_set_IHDR(
    png, info, width, height, 8, kind, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
    PNG_FILTER_TYPE_DEFAULT);
  if (kind == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, (int)colour_count);
  png_write_info(png, info);
  for (size_t y = 0; y < height; ++y) png_write_row(png, pixels + y * stride);
  png_write_end(png, info);
}

cimage_status cimage_encode_png(
  uint8_t **encoded, size_t *encoded_length, const uint8_t *pixels, uint32_t width,
  uint32_t height, cimage_layout layout, const uint8_t *colours, size_t colour_count,
  char *message) {
  *encoded = NULL;
  *encoded_length = 0;
  png_color palette[256];
  if (colour_count > 256) {
    return cimage_fail(message, CIMAGE_UNSUPPORTED, "a palette holds at most 256 colours");
  }
  for (size_t i = 0; i < colour_count; ++i) {
    palette[i] = (png_color){colours[3 * i], colours[3 * i + 1], colours[3 * i + 2]};
  }
  png_sink sink = {NULL, 0, 0, CIMAGE_OK, message};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &sink, leave, ignore_warning);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  if (info == NULL) {
    png_destroy_write_struct(&png, NULL);
    return cimage_fail(message, CIMAGE_TOO_LARGE, "no memory for the PNG writer");
  }
  encode_rows(png, info, &sink, pixels, width, height, layout, palette, colour_count);
  png_destroy_write_struct(&png, &info);
  if (sink.status != CIMAGE_OK) {
    free(sink.bytes);
    return sink.status;
  }
  *encoded = sink.bytes;
  *encoded_length = sink.length;
  return CIMAGE_OK;
}

void cimage_free(uint8_t *encoded) { free(encoded); }
