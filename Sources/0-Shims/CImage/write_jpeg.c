#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

#include "internal.h"

typedef struct {
  struct jpeg_error_mgr errors;
  struct jpeg_destination_mgr target;
  jmp_buf exit;
  uint8_t *bytes;
  size_t capacity;
  cimage_status status;
  char *message;
} jpeg_sink;

static _Noreturn void leave(j_common_ptr jpeg) {
  jpeg_sink *sink = jpeg->client_data;
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  sink->status = cimage_fail(sink->message, CIMAGE_UNSUPPORTED, "libjpeg: %s", text);
  longjmp(sink->exit, 1);
}

static void ignore_message(j_common_ptr jpeg, int level) {
  (void)jpeg;
  (void)level;
}

// Called when the bytes are full, and at the start, when there are none.
static boolean grow(j_compress_ptr jpeg) {
  jpeg_sink *sink = jpeg->client_data;
  size_t capacity = 2 * sink->capacity + 4096;
  uint8_t *bytes = realloc(sink->bytes, capacity);
  if (bytes == NULL) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
  sink->target.next_output_byte = bytes + sink->capacity;
  sink->target.free_in_buffer = capacity - sink->capacity;
  sink->bytes = bytes;
  sink->capacity = capacity;
  return TRUE;
}

static void start_target(j_compress_ptr jpeg) { grow(jpeg); }

static void end_target(j_compress_ptr jpeg) { (void)jpeg; }

// Returns early, with the status set, on an error. No local changes after setjmp.
static void encode_rows(
  j_compress_ptr jpeg, jpeg_sink *sink, const uint8_t *pixels, uint32_t width, uint32_t height,
  int quality) {
  if (setjmp(sink->exit) != 0) return;
  jpeg_create_compress(jpeg);  // keeps err and client_data
  jpeg->dest = &sink->target;
  jpeg->image_width = width;
  jpeg->image_height = height;
  jpeg->input_components = 3;
  jpeg->in_color_space = JCS_RGB;
  jpeg_set_defaults(jpeg);
  jpeg_set_quality(jpeg, quality, TRUE);
  // Colour at full size: the edges of masks are edges of colour alone.
  jpeg->comp_info[0].h_samp_factor = 1;
  jpeg->comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(jpeg, TRUE);
  while (jpeg->next_scanline < height) {
    JSAMPROW row = (JSAMPROW)(pixels + (size_t)jpeg->next_scanline * width * 3);
    jpeg_write_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_compress(jpeg);
}

cimage_status cimage_encode_jpeg(
  uint8_t **encoded, size_t *encoded_length, const uint8_t *pixels, uint32_t width,
  uint32_t height, int quality, char *message) {
  *encoded = NULL;
  *encoded_length = 0;
  jpeg_sink sink = {.status = CIMAGE_OK, .message = message};
  struct jpeg_compress_struct jpeg = {.err = jpeg_std_error(&sink.errors), .client_data = &sink};
  sink.errors.error_exit = leave;
  sink.errors.emit_message = ignore_message;
  sink.target.init_destination = start_target;
  sink.target.empty_output_buffer = grow;
  sink.target.term_destination = end_target;
  encode_rows(&jpeg, &sink, pixels, width, height, quality);
  jpeg_destroy_compress(&jpeg);
  if (sink.status != CIMAGE_OK) {
    free(sink.bytes);
    return sink.status;
  }
  *encoded = sink.bytes;
  *encoded_length = sink.capacity - sink.target.free_in_buffer;
  return CIMAGE_OK;
}
