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
  // Whether the header is read, and whether the bytes have ended since.
  bool decodes, ended;
  cimage_status status;
  char *message;
} jpeg_context;

static cimage_status tell(j_common_ptr jpeg, cimage_status status) {
  jpeg_context *context = jpeg->client_data;
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  return cimage_fail(context->message, status, "libjpeg: %s", text);
}

static _Noreturn void leave_truncated(jpeg_context *context) {
  context->status =
    cimage_fail(context->message, CIMAGE_TRUNCATED, "the file ends before the image does");
  longjmp(context->exit, 1);
}

static _Noreturn void leave(j_common_ptr jpeg) {
  jpeg_context *context = jpeg->client_data;
  if (context->ended) leave_truncated(context);
  if (context->status == CIMAGE_OK) context->status = tell(jpeg, CIMAGE_DAMAGED);
  longjmp(context->exit, 1);
}

// Whether a warning is of a slip on which no pixel depends, as cameras and programs make them.
static bool is_slip(j_common_ptr jpeg) {
  jpeg_context *context = jpeg->client_data;
  switch (jpeg->err->msg_code) {
    // Numbers in front of a sequential scan that mean nothing there.
    case JWRN_NOT_SEQUENTIAL: return true;
    // Bytes before a marker of the header, or the last. Between scans they are pixels gone astray.
    case JWRN_EXTRANEOUS_DATA: return !context->decodes || jpeg->err->msg_parm.i[1] == JPEG_EOI;
    default: return false;
  }
}

// libjpeg goes on after damaged data with invented pixels, and calls that a warning.
static void take_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  int code = jpeg->err->msg_code;
  if (code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM) return;
  if (!is_slip(jpeg)) leave(jpeg);
  jpeg_context *context = jpeg->client_data;
  if (context->message[0] == 0) tell(jpeg, CIMAGE_OK);
}

static void start_source(j_decompress_ptr jpeg) { (void)jpeg; }

// Behind the header the end of the bytes stands for the end of the image, once: the decoder reads
// ahead of the last pixel. If pixels are missing, a warning or `require_whole` says so.
static boolean fill_source(j_decompress_ptr jpeg) {
  static const uint8_t end_of_image[2] = {0xff, JPEG_EOI};
  jpeg_context *context = jpeg->client_data;
  if (!context->decodes || context->ended) leave_truncated(context);
  context->ended = true;
  jpeg->src->next_input_byte = end_of_image;
  jpeg->src->bytes_in_buffer = sizeof end_of_image;
  return TRUE;
}

static void skip_source(j_decompress_ptr jpeg, long count) {
  if (count <= 0) return;
  if ((size_t)count > jpeg->src->bytes_in_buffer) leave_truncated(jpeg->client_data);
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

// Leaves if the bytes have ended before every coefficient was read.
static void require_whole(struct jpeg_decompress_struct *jpeg, jpeg_context *context) {
  if (!context->ended) return;
  // Arithmetic decoding takes missing bytes for zeros, and warns of nothing.
  bool whole = !jpeg->arith_code;
  for (int c = 0; c < jpeg->num_components; ++c) {
    if (jpeg->comp_info[c].quant_table == NULL) whole = false;  // no scan of it has begun
    for (int i = 0; jpeg->progressive_mode && i < DCTSIZE2; ++i) {
      if (jpeg->coef_bits[c][i] != 0) whole = false;  // bits that are still to come, or -1
    }
  }
  if (!whole) leave_truncated(context);
}

// Cyan, magenta, yellow and black as red, green and blue, `count` pixels.
//
// 255 is no ink, as Adobe's programs write it, and other readers take all files for theirs. Source:
// what cv2.imread gives, to the bit; Pillow divides by 255 where this shifts: 0 to 2 less.
static void write_inks(uint8_t *rgb, const uint8_t *inks, size_t count) {
  for (size_t i = 0; i < count; ++i, inks += 4, rgb += 3) {
    for (int c = 0; c < 3; ++c) rgb[c] = (uint8_t)(inks[3] - ((255 - inks[c]) * inks[3] >> 8));
  }
}

// Returns early, with the status set, on an error. No local changes after setjmp.
static void decode_rows(
  struct jpeg_decompress_struct *jpeg, jpeg_context *context, uint8_t *pixels,
  const uint8_t *bytes, size_t length) {
  if (setjmp(context->exit) != 0) return;
  open_jpeg(jpeg, context, bytes, length);
  context->decodes = true;
  const bool is_printed = jpeg->num_components == 4;
  // Said, not left to defaults: the slow integer DCT gives the same pixels on every machine.
  jpeg->out_color_space = is_printed ? JCS_CMYK : JCS_RGB;
  jpeg->dct_method = JDCT_ISLOW;
  jpeg->do_fancy_upsampling = TRUE;
  jpeg_start_decompress(jpeg);
  JSAMPARRAY inks = jpeg->mem->alloc_sarray(
    (j_common_ptr)jpeg, JPOOL_IMAGE, is_printed ? 4 * jpeg->output_width : 1, 1);
  while (jpeg->output_scanline < jpeg->output_height) {
    JSAMPROW row = pixels + (size_t)jpeg->output_width * 3 * jpeg->output_scanline;
    jpeg_read_scanlines(jpeg, is_printed ? inks : &row, 1);
    if (is_printed) write_inks(row, inks[0], jpeg->output_width);
  }
  require_whole(jpeg, context);
  jpeg_finish_decompress(jpeg);
  if (context->ended && context->message[0] == 0) {
    cimage_fail(
      context->message, CIMAGE_OK, "the file ends before its last marker, behind all pixels");
  }
}

cimage_status cimage_decode_jpeg(
  uint8_t *pixels, const uint8_t *bytes, size_t length, const cimage_header *header,
  char *message) {
  if (header->channels == 2 || header->channels > 4) {
    return cimage_fail(
      message, CIMAGE_UNSUPPORTED,
      "a JPEG photo of %u channels; expected gray, RGB or CMYK; convert it to RGB",
      header->channels);
  }
  struct jpeg_decompress_struct jpeg;
  jpeg_context context;
  prepare(&jpeg, &context, message);
  // A progressive image is held as coefficients: 2 bytes for each of 4 channels, and some rows.
  const long coefficients = 8L * header->width * header->height + (16L << 20);
  if (coefficients > context.memory) context.memory = coefficients;
  decode_rows(&jpeg, &context, pixels, bytes, length);
  jpeg_destroy_decompress(&jpeg);
  return context.status;
}
