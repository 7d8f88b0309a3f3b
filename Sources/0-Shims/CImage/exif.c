#include <string.h>

#include "internal.h"

// What TIFF 6.0 and EXIF 2.3 say, as far as the orientation needs it. Every read is within `length`.

enum { UPRIGHT = 1, ENTRY_SIZE = 12, TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3 };

static uint32_t number(const uint8_t *bytes, size_t count, bool little) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) {
    value = value << 8 | bytes[little ? count - 1 - i : i];
  }
  return value;
}

// The first directory's entry of the orientation: tag, type, count, value.
uint32_t cimage_tiff_orientation(const uint8_t *tiff, size_t length) {
  if (length < 10) return UPRIGHT;
  bool little = memcmp(tiff, "II*\0", 4) == 0;
  if (!little && memcmp(tiff, "MM\0*", 4) != 0) return UPRIGHT;
  size_t place = number(tiff + 4, 4, little);
  if (place > length - 2) return UPRIGHT;
  uint32_t entries = number(tiff + place, 2, little);
  place += 2;
  for (uint32_t i = 0; i < entries && length - place >= ENTRY_SIZE; ++i, place += ENTRY_SIZE) {
    const uint8_t *entry = tiff + place;
    if (number(entry, 2, little) != TAG_ORIENTATION) continue;
    if (number(entry + 2, 2, little) != TYPE_SHORT) return UPRIGHT;
    uint32_t value = number(entry + 8, 2, little);
    return value >= 1 && value <= 8 ? value : UPRIGHT;
  }
  return UPRIGHT;
}

uint32_t cimage_jpeg_orientation(const uint8_t *bytes, size_t length) {
  size_t place = 2;  // behind the start of the image
  while (place < length && length - place >= 4) {
    uint8_t marker = bytes[place + 1];
    if (bytes[place] != 0xff || marker == 0x00 || marker == 0xff) {  // padding, and stray bytes
      place += 1;
      continue;
    }
    // From the first scan on there is nothing that readers go by.
    if (marker == 0xda || marker == 0xd9) break;
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {  // no content
      place += 2;
      continue;
    }
    size_t size = number(bytes + place + 2, 2, false);
    if (size < 2 || size > length - place - 2) break;
    const uint8_t *content = bytes + place + 4;
    if (marker == 0xe1 && size >= 8 && memcmp(content, "Exif\0\0", 6) == 0) {
      return cimage_tiff_orientation(content + 6, size - 8);
    }
    place += 2 + size;
  }
  return UPRIGHT;
}
