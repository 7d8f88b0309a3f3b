#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "internal.h"

// Memory that libjpeg may take for one image, unless its pixels ask for more.
static const long least_memory = 256L << 20;
// A progressive file of a few KB can ask for thousands of passes over the whole image.
static const int maximum_scans = 200;

typedef struct {
  struct jpeg_error_mgr errors;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  jmp_buf exit;
  long memory;
  cimage_status status;
  char *message;
} jpeg_context;

static _Noreturn void leave(j_common_ptr jpeg) {
  jpeg_context *context = jpeg->client_data;
  if (context->status == CIMAGE_OK) {
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    context->status = cimage_fail(context->message, CIMAGE_DAMAGED, "libjpeg: %s", text);
  }
  longjmp(context->exit, 1);
}

// libjpeg goes on after damaged data with invented pixels, and calls that a warning.
static void take_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  int code = jpeg->err->msg_code;
  if (code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM) return;
  leave(jpeg);
}

static void start_source(j_decompress_ptr jpeg) { (void)jpeg; }

static boolean fill_source(j_decompress_ptr jpeg) {
  jpeg_context *context = jpeg->client_data;
  context->status =
    cimage_fail(context->message, CIMAGE_TRUNCATED, "the file ends before the image does");
  leave((j_common_ptr)jpeg);
}

static void skip_source(j_decompress_ptr jpeg, long count) {
  if (count <= 0) return;
  if ((size_t)count > jpeg->src->bytes_in_buffer) fill_source(jpeg);
  jpeg->src->next_input_byte += count;
  jpeg->src->bytes_in_buffer -= (size_t)count;
}

static void watch_scans(j_common_ptr jpeg) {
  jpeg_context *context = jpeg->client_data;
  if (((j_decompress_ptr)jpeg)->input_scan_number > maximum_scans) {
    context->status = cimage_fail(
      context->message, CIMAGE_TOO_LARGE, "more than %d progressive scans", maximum_scans);
    leave(jpeg);
  }
}

// Leaves by longjmp to context->exit on an error.
static void open_jpeg(
  struct jpeg_decompress_struct *jpeg, jpeg_context *context, const uint8_t *bytes,
  size_t length) {
  jpeg_create_decompress(jpeg);  // keeps err and client_data
  jpeg->mem->max_memory_to_use = context->memory;
  context->source.next_input_byte = bytes;
  context->source.bytes_in_buffer = length;
  context->source.init_source = start_source;
  context->source.fill_input_buffer = fill_source;
  context->source.skip_input_data = skip_source;
  context->source.resync_to_restart = jpeg_resync_to_restart;
  context->source.term_source = start_source;
  jpeg->src = &context->source;
  context->progress.progress_monitor = watch_scans;
  jpeg->progress = &context->progress;
  jpeg_read_header(jpeg, TRUE);
}

static void prepare(
  struct jpeg_decompress_struct *jpeg, jpeg_context *context, char *message) {
  memset(jpeg, 0, sizeof *jpeg);
  memset(context, 0, sizeof *context);
  context->memory = least_memory;
  context->message = message;
  jpeg->err = jpeg_std_error(&context->errors);
  jpeg->client_data = context;
  context->errors.error_exit = leave;
  context->errors.emit_message = take_message;
}

// Returns early, with the status set, on an error. No local changes after setjmp.
static void read_header(
  struct jpeg_decompress_struct *jpeg, jpeg_context *context, cimage_header *header,
  const uint8_t *bytes, size_t length) {
  if (setjmp(context->exit) != 0) return;
  open_jpeg(jpeg, context, bytes, length);
  header->format = CIMAGE_JPEG;
  header->width = jpeg->image_width;
  header->height = jpeg->image_height;
  header->channels = (uint32_t)jpeg->num_components;
  header->depth = (uint32_t)jpeg->data_precision;
}

cimage_status cimage_read_jpeg_header(
  cimage_header *header, const uint8_t *bytes, size_t length, char *message) {
  struct jpeg_decompress_struct jpeg;
  jpeg_context context;
  prepare(&jpeg, &context, message);
  read_header(&jpeg, &context, header, bytes, length);
  jpeg_destroy_decompress(&jpeg);
  header->orientation = cimage_jpeg_orientation(bytes, length);
  return context.status;
}

static void decode_rows(
  struct jpeg_decompress_struct *jpeg, jpeg_context *context, uint8_t *pixels,
  const uint8_t *bytes, size_t length) {
  if (setjmp(context->exit) != 0) return;
  open_jpeg(jpeg, context, bytes, length);
  // Said, not left to defaults: the slow integer DCT gives the same pixels on every machine.
  jpeg->out_color_space = JCS_RGB;
  jpeg->dct_method = JDCT_ISLOW;
  jpeg->do_fancy_upsampling = TRUE;
  jpeg_start_decompress(jpeg);
  while (jpeg->output_scanline < jpeg->output_height) {
    JSAMPROW row = pixels + (size_t)jpeg->output_width * 3 * jpeg->output_scanline;
    jpeg_read_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_decompress(jpeg);
}

cimage_status cimage_decode_jpeg(
  uint8_t *pixels, const uint8_t *bytes, size_t length, const cimage_header *header,
  char *message) {
  if (header->channels != 1 && header->channels != 3) {
    return cimage_fail(
      message, CIMAGE_UNSUPPORTED,
      "a JPEG photo of %u channels%s; expected gray or RGB; convert it to RGB",
      header->channels, header->channels == 4 ? " (CMYK)" : "");
  }
  struct jpeg_decompress_struct jpeg;
  jpeg_context context;
  prepare(&jpeg, &context, message);
  // A progressive image is held as coefficients: 2 bytes for each of 3 channels, and some rows more.
  const long coefficients = 6L * header->width * header->height + (16L << 20);
  if (coefficients > context.memory) context.memory = coefficients;
  decode_rows(&jpeg, &context, pixels, bytes, length);
  jpeg_destroy_decompress(&jpeg);
  return context.status;
}
