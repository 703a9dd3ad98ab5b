"""Small files of every kind that the decoders read, and what Pillow's convert("RGB") makes of them.

Writes fixtures/image/*, and fixtures/formats/part.*, one file of each accepted extension, with
fixtures/image_decode.safetensors: for every file its height and width and the SHA-256 digest of its RGB pixels.

Where Pillow's pixels are not the right ones, or it refuses the file, they are computed here:
- deep pictures, which Pillow clips to white: levels of the whole range of the sample type, in fixtures/deep/ with the
  levels they are to be read with;
- run-length coded bitmaps that say they end early, or leave rows out.
Pictures in near/ may differ by two grey levels, so their pixels are kept whole: YCbCr, which libtiff converts, and
Lab. Of Lab Pillow's convert("RGB") is up to 14 levels off, for LittleCMS interpolates in a coarse table; here it
computes each pixel."""

import hashlib
import io
import pathlib
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageCms
from safetensors.numpy import save_file

from image_pattern import pattern

WIDTH, HEIGHT = 23, 17


def saved(image, form, **options):
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


# ---- Writers for what Pillow reads but does not write ----


def png(width, height, depth, color, rows, interlace=0, chunks=()):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
    packed = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header)] + [chunk(*one) for one in chunks] + [chunk(b"IDAT", packed), chunk(b"IEND", b"")])


def interlaced(rgb):
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    return [row.tobytes() for x, y, dx, dy in passes for row in rgb[y::dy, x::dx] if row.size]


def bmp(width, height, bits, rows, compression=0, palette=b"", masks=b"", header_size=40, tail=b""):
    stride = (width * bits + 31) // 32 * 4
    body = b"".join(row.ljust(stride, b"\0") for row in rows)
    if header_size == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header_size, width, height, 1, bits, compression, len(body), 0, 0, 0, 0)
        info = (info + masks).ljust(header_size, b"\0") if header_size > 40 else info + masks
    offset = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + info + palette + body + tail


def run_lengths(bits, width, height, palette, runs):
    """A bitmap of compression 1 (8 bits) or 2 (4 bits) with these bytes as its pixels."""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 1 if bits == 8 else 2, len(runs), 0, 0,
                       len(palette) // 4, 0)
    offset = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(runs), 0, 0, offset) + info + palette + runs


def encode_runs(rows, bits):
    """Rows of indices, bottom row first, as runs of equal ones and, in every third row, as they are."""
    runs = b""
    for number, row in enumerate(rows):
        if number % 3 == 2:
            data = bytes(row) if bits == 8 else bytes(
                int(a) << 4 | int(b) for a, b in zip(row[::2], np.append(row, 0)[1::2]))
            runs += bytes([0, len(row)]) + data + b"\0" * (len(data) % 2)
        else:
            x = 0
            while x < len(row):
                length = next((i for i in range(x, len(row)) if row[i] != row[x]), len(row)) - x
                runs += bytes([length, int(row[x]) if bits == 8 else int(row[x]) * 17])
                x += length
        runs += b"\0\0"
    return runs[:-2] + b"\0\1"


def tiff(tags, blocks, order="<", tiled=False):
    """One page; `blocks` are its strips or tiles, tags {number: (type, values)} without those of the blocks."""
    sizes = {1: "B", 3: "H", 4: "I", 12: "d"}
    tags = dict(tags)
    where = []
    data = b""
    for block in blocks:
        where.append(8 + len(data))
        data += block
    data += b"\0" * (len(data) % 2)
    tags[324 if tiled else 273] = (4, where)
    tags[325 if tiled else 279] = (4, [len(block) for block in blocks])
    directory = 8 + len(data)
    extra_at = directory + 2 + 12 * len(tags) + 4
    entries, extra = b"", b""
    for number in sorted(tags):
        kind, values = tags[number]
        packed = struct.pack(f"{order}{len(values)}{sizes[kind]}", *values)
        if len(packed) > 4:
            field = struct.pack(order + "I", extra_at + len(extra))
            extra += packed + b"\0" * (len(packed) % 2)
        else:
            field = packed.ljust(4, b"\0")
        entries += struct.pack(order + "HHI", number, kind, len(values)) + field
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", directory)
    return head + data + struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", 0) + extra


def tiff_tags(bits, samples, photometric, **more):
    tags = {256: (3, [WIDTH]), 257: (3, [HEIGHT]), 258: (3, [bits] * samples), 259: (3, [1]),
            262: (3, [photometric]), 277: (3, [samples]), 278: (3, [HEIGHT])}
    tags.update({int(number[1:]): value for number, value in more.items()})
    return tags


def tiles(rgb, width, height):
    for y in range(0, rgb.shape[0], height):
        for x in range(0, rgb.shape[1], width):
            tile = np.zeros((height, width, rgb.shape[2]), rgb.dtype)
            part = rgb[y:y + height, x:x + width]
            tile[:part.shape[0], :part.shape[1]] = part
            yield tile.tobytes()


# ---- Files ----

RGB = pattern(WIDTH, HEIGHT)
PIXELS = np.asarray(RGB)
GREY = RGB.convert("L")
ALPHA = Image.fromarray((np.arange(WIDTH * HEIGHT, dtype=np.uint32) * 37 % 256).astype(np.uint8).reshape(HEIGHT, WIDTH))
RGBA = Image.merge("RGBA", (*RGB.split(), ALPHA))
GREY_ALPHA = Image.merge("LA", (GREY, ALPHA))
PALETTE = RGB.quantize(200)
BITS = GREY.convert("1")
CMYK = Image.merge("CMYK", (*RGB.split(), ALPHA))
GREY16 = ((np.arange(WIDTH * HEIGHT, dtype=np.uint32) * 1103 + 77) % 65536).astype(np.uint16).reshape(HEIGHT, WIDTH)
RGB16 = np.stack([GREY16, GREY16[::-1], GREY16[:, ::-1]], axis=2)
SMOOTH = pattern(40, 30).resize((61, 45), Image.Resampling.BICUBIC)


def png_files():
    yield "grey.png", saved(GREY, "PNG")
    yield "bits.png", saved(BITS, "PNG")
    yield "palette.png", saved(PALETTE, "PNG")
    yield "palette_transparent.png", saved(PALETTE, "PNG", transparency=bytes(range(0, 200, 4)))
    for depth in (1, 2, 4):
        yield f"palette{depth}.png", saved(RGB.quantize(1 << depth), "PNG")
        step = 8 // depth
        raw = np.asarray(GREY) >> (8 - depth)
        raw = np.pad(raw, ((0, 0), (0, -WIDTH % step)))
        packed = sum(raw[:, i::step].astype(np.uint32) << (8 - depth * (i + 1)) for i in range(step)).astype(np.uint8)
        yield f"grey{depth}.png", png(WIDTH, HEIGHT, depth, 0, [row.tobytes() for row in packed])
    yield "grey_transparent.png", saved(GREY, "PNG", transparency=int(np.asarray(GREY)[0, 0]))
    yield "rgb_transparent.png", saved(RGB, "PNG", transparency=tuple(int(v) for v in PIXELS[0, 0]))
    yield "rgba.png", saved(RGBA, "PNG")
    yield "grey_alpha.png", saved(GREY_ALPHA, "PNG")
    yield "interlaced.png", png(WIDTH, HEIGHT, 8, 2, interlaced(PIXELS), interlace=1)
    yield "bad_profile.png", png(WIDTH, HEIGHT, 8, 2, [row.tobytes() for row in PIXELS],
                                 chunks=[(b"gAMA", struct.pack(">I", 45455)), (b"iCCP", b"x\0\0" + zlib.compress(b"no"))])
    yield "animated.png", saved(RGB, "PNG", save_all=True, append_images=[RGB.rotate(180)])


def jpeg_files():
    yield "subsampled.jpg", saved(SMOOTH, "JPEG", quality=90)
    yield "full_chroma.jpg", saved(SMOOTH, "JPEG", quality=95, subsampling=0)
    yield "half_chroma.jpg", saved(SMOOTH, "JPEG", quality=80, subsampling=1)
    yield "progressive.jpg", saved(SMOOTH, "JPEG", quality=85, progressive=True)
    yield "restarts.jpg", saved(SMOOTH, "JPEG", quality=85, restart_marker_blocks=2)
    yield "keep_rgb.jpg", saved(SMOOTH, "JPEG", quality=90, keep_rgb=True)
    yield "grey.jpg", saved(SMOOTH.convert("L"), "JPEG", quality=85)
    yield "cmyk.jpg", saved(CMYK, "JPEG", quality=95)
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "turned.jpg", saved(SMOOTH, "JPEG", quality=85, exif=exif)
    yield "extraneous.jpg", saved(SMOOTH, "JPEG", quality=85)[:-2] + b"\0\0\0\xff\xd9"


def bmp_files():
    yield "rgb.bmp", saved(RGB, "BMP")
    yield "grey.bmp", saved(GREY, "BMP")
    yield "palette.bmp", saved(PALETTE, "BMP")
    yield "bits.bmp", saved(BITS, "BMP")
    yield "rgba.bmp", saved(RGBA, "BMP")
    yield "trailing.bmp", saved(GREY, "BMP") + b"\0\0"
    up = PIXELS[::-1]
    yield "top_down.bmp", bmp(WIDTH, -HEIGHT, 24, [row[:, ::-1].tobytes() for row in PIXELS])
    deep = (up[:, :, 0].astype(np.uint16) >> 3 << 10) | (up[:, :, 1].astype(np.uint16) >> 3 << 5) | (up[:, :, 2] >> 3)
    yield "rgb555.bmp", bmp(WIDTH, HEIGHT, 16, [row.astype("<u2").tobytes() for row in deep])
    deep = (up[:, :, 0].astype(np.uint16) >> 3 << 11) | (up[:, :, 1].astype(np.uint16) >> 2 << 5) | (up[:, :, 2] >> 3)
    yield "rgb565.bmp", bmp(WIDTH, HEIGHT, 16, [row.astype("<u2").tobytes() for row in deep], compression=3,
                            masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    masks = struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000)
    yield "masked_rgba.bmp", bmp(WIDTH, HEIGHT, 32, [row.tobytes() for row in np.asarray(RGBA)[::-1]], compression=3,
                                 masks=masks, header_size=108)
    few = RGB.quantize(16)
    colors = np.array(few.getpalette()[:48], dtype=np.uint8).reshape(16, 3)
    index = np.pad(np.asarray(few)[::-1], ((0, 0), (0, 1)))
    rows = [(row[0::2] << 4 | row[1::2]).astype(np.uint8).tobytes() for row in index]
    yield "palette4.bmp", bmp(WIDTH, HEIGHT, 4, rows, palette=np.pad(colors[:, ::-1], ((0, 0), (0, 1))).tobytes())
    dark = np.minimum(np.asarray(GREY)[::-1], 180)
    ramp = bytes(c for i in range(150) for c in (255 - i, i, i // 2, 0))
    info_of = bmp(WIDTH, HEIGHT, 8, [row.tobytes() for row in dark], palette=ramp)
    yield "beyond_palette.bmp", info_of[:46] + struct.pack("<I", 150) + info_of[50:]
    flat = np.repeat(np.asarray(PALETTE)[::-1, ::4], 4, axis=1)[:, :WIDTH]
    palette = np.pad(np.array(PALETTE.getpalette(), dtype=np.uint8).reshape(-1, 3)[:, ::-1], ((0, 0), (0, 1))).tobytes()
    yield "runs8.bmp", run_lengths(8, WIDTH, HEIGHT, palette, encode_runs(flat, 8))
    few4 = np.asarray(few)[::-1]
    palette = np.pad(np.array(few.getpalette()[:48], dtype=np.uint8).reshape(16, 3)[:, ::-1], ((0, 0), (0, 1))).tobytes()
    yield "runs4.bmp", run_lengths(4, WIDTH, HEIGHT, palette, encode_runs(few4, 4))
    jump = bytes([5, 7, 0, 2, 9, 2, 4, 3, 0, 0]) + bytes([3, 1, 0, 0]) * (HEIGHT - 3)
    yield "runs_jump.bmp", run_lengths(8, WIDTH, HEIGHT, ramp, jump + b"\0\1")
    yield "os2.bmp", bmp(WIDTH, HEIGHT, 4, rows, palette=colors[:, ::-1].tobytes(), header_size=12)


def pnm_files():
    def words(values, per_line=9):
        values = [str(v) for v in values]
        return "\n".join(" ".join(values[i:i + per_line]) for i in range(0, len(values), per_line)).encode() + b"\n"

    size = f"{WIDTH} {HEIGHT}\n".encode()
    yield "binary.pbm", saved(BITS, "PPM")
    yield "binary.pgm", saved(GREY, "PPM")
    yield "binary.ppm", saved(RGB, "PPM")
    ones = (np.asarray(BITS) == 0).astype(int).ravel()
    yield "ascii.pbm", b"P1 # black is 1\n" + size + words(ones)
    yield "ascii_dense.pbm", b"P1\n" + size + "".join(map(str, ones)).encode()
    yield "ascii.pgm", b"P2\n# a comment\n" + size + b"255\n" + words(np.asarray(GREY).ravel())
    yield "ascii.ppm", b"P3\n" + size + b"# and one here\n255\n" + words(PIXELS.ravel())
    hundred = (np.asarray(GREY).astype(int) * 100 // 255).astype(np.uint8)
    yield "hundred.pgm", b"P5 " + size + b"100 " + hundred.tobytes()
    yield "hundred_ascii.pgm", b"P2 " + size + b"100 " + words(hundred.ravel())
    yield "seven.ppm", b"P6 " + size + b"7\n" + (PIXELS >> 5).tobytes()


def tiff_files():
    yield "rgb.tif", saved(RGB, "TIFF")
    yield "strips_lzw.tif", saved(SMOOTH, "TIFF", compression="tiff_lzw", strip_size=1000)
    yield "deflate.tif", saved(RGB, "TIFF", compression="tiff_adobe_deflate")
    yield "grey_packbits.tif", saved(GREY, "TIFF", compression="packbits")
    yield "jpeg.tif", saved(SMOOTH, "TIFF", compression="jpeg", quality=90)
    yield "bits_g4.tif", saved(BITS, "TIFF", compression="group4")
    yield "bits.tif", saved(BITS, "TIFF")
    yield "palette.tif", saved(PALETTE, "TIFF")
    yield "rgba.tif", saved(RGBA, "TIFF", compression="tiff_lzw")
    yield "grey_alpha.tif", saved(GREY_ALPHA, "TIFF")
    yield "cmyk.tif", saved(CMYK, "TIFF")
    yield "big.tif", saved(RGB, "TIFF", big_tiff=True)
    yield "pages.tif", saved(RGB, "TIFF", save_all=True, append_images=[GREY])
    for orientation in range(2, 9):
        yield f"orientation{orientation}.tif", tiff(tiff_tags(8, 1, 1, _274=(3, [orientation])), [GREY.tobytes()])
    yield "white_is_zero.tif", tiff(tiff_tags(8, 1, 0), [GREY.tobytes()])
    yield "premultiplied.tif", tiff(tiff_tags(8, 4, 2, _338=(3, [1])), [RGBA.tobytes()])
    yield "planes.tif", tiff(tiff_tags(8, 3, 2, _284=(3, [2])), [band.tobytes() for band in RGB.split()])
    size = {"_322": (3, [16]), "_323": (3, [16])}
    yield "tiles.tif", tiff(tiff_tags(8, 3, 2, **size), list(tiles(PIXELS, 16, 16)), tiled=True)
    planes = [band.tobytes() for band in CMYK.split()]
    yield "cmyk_planes.tif", tiff(tiff_tags(8, 4, 5, _284=(3, [2])), planes)
    yield "premultiplied_planes.tif", tiff(tiff_tags(8, 4, 2, _259=(3, [8]), _284=(3, [2]), _338=(3, [1])),
                                           [zlib.compress(band.tobytes()) for band in RGBA.split()])
    yield "cmyk16.tif", tiff(tiff_tags(16, 4, 5, _259=(3, [8])),
                             [zlib.compress((np.asarray(CMYK).astype("<u2") * 257).tobytes())])
    yield "premultiplied16.tif", tiff(tiff_tags(16, 4, 2, _338=(3, [1])),
                                      [(np.asarray(RGBA).astype("<u2") * 257).tobytes()])
    grey4 = np.pad(np.asarray(GREY) >> 4, ((0, 0), (0, 1)))
    yield "grey4.tif", tiff(tiff_tags(4, 1, 1), [(grey4[:, 0::2] << 4 | grey4[:, 1::2]).tobytes()])


def webp_files():
    yield "lossy.webp", saved(SMOOTH, "WEBP", quality=80)
    yield "lossless.webp", saved(RGB, "WEBP", lossless=True)
    yield "alpha.webp", saved(RGBA, "WEBP", lossless=True, exact=True)
    yield "lossy_alpha.webp", saved(Image.merge("RGBA", (*SMOOTH.split(), SMOOTH.convert("L"))), "WEBP", quality=70)
    yield "animated.webp", saved(SMOOTH, "WEBP", save_all=True, append_images=[SMOOTH.rotate(180)], lossless=True)


def own_files():
    """Files that Pillow refuses or gets wrong, with their pixels."""
    ramp = [(i // 2, i, 255 - i) for i in range(150)]
    palette = bytes(c for r, g, b in ramp for c in (b, g, r, 0))
    # A row of 7s, an empty one, half a row of 3s, and the end.
    runs = bytes([WIDTH, 7, 0, 0, 0, 0, 11, 3, 0, 1])
    index = np.zeros((HEIGHT, WIDTH), dtype=int)
    index[HEIGHT - 1], index[HEIGHT - 3, :11] = 7, 3
    yield "runs_end.bmp", run_lengths(8, WIDTH, HEIGHT, palette, runs), np.array(ramp)[index]
    grey = np.asarray(GREY)
    yield "undefined_format.tif", tiff(tiff_tags(8, 1, 1, _339=(3, [4])), [GREY.tobytes()]), np.stack([grey] * 3, axis=2)
    planes = [band.tobytes() for band in GREY_ALPHA.split()]
    yield "grey_alpha_planes.tif", tiff(tiff_tags(8, 2, 1, _284=(3, [2]), _338=(3, [2])), planes), np.stack([grey] * 3, axis=2)
    alpha = np.asarray(ALPHA).astype(int)
    divided = np.where(alpha > 0, np.minimum(grey.astype(int) * 255 // np.maximum(alpha, 1), 255), 0)
    yield ("premultiplied_grey.tif", tiff(tiff_tags(8, 2, 1, _338=(3, [1])), [GREY_ALPHA.tobytes()]),
           np.stack([divided] * 3, axis=2))


def near_files():
    """Pixels that another way of computing them may move by a few grey levels."""
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = saved(to_lab.apply(SMOOTH), "TIFF", icc_profile=b"")  # its date would change every day
    exact = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB",
                                    flags=ImageCms.Flags.NOOPTIMIZE)
    yield "lab.tif", lab, np.asarray(exact.apply(Image.open(io.BytesIO(lab))))
    ycbcr = SMOOTH.convert("YCbCr")
    tags = {256: (3, [61]), 257: (3, [45]), 258: (3, [8] * 3), 259: (3, [1]), 262: (3, [6]), 277: (3, [3]),
            278: (3, [45])}
    yield "ycbcr.tif", tiff({**tags, 530: (3, [1, 1])}, [ycbcr.tobytes()]), np.asarray(ycbcr.convert("RGB"))
    full = np.asarray(ycbcr)
    pixels = full[:44, :60]
    cells = pixels.reshape(22, 2, 30, 2, 3)
    luma = cells[..., 0].transpose(0, 2, 1, 3).reshape(22, 30, 4)
    chroma = np.rint(cells[..., 1:].mean(axis=(1, 3))).astype(np.uint8)
    packed = np.concatenate([luma, chroma], axis=2).tobytes()
    small = {**tags, 256: (3, [60]), 257: (3, [44]), 278: (3, [44]), 530: (3, [2, 2])}
    doubled = np.concatenate([pixels[..., :1], chroma.repeat(2, axis=0).repeat(2, axis=1)], axis=2)
    rgb = np.asarray(Image.fromarray(doubled, "YCbCr").convert("RGB"))
    yield "ycbcr_subsampled.tif", tiff(small, [packed]), rgb
    stream = saved(SMOOTH, "JPEG", quality=95, subsampling=0)
    old = {**tags, 259: (3, [6]), 513: (4, [8]), 514: (4, [len(stream)]), 530: (3, [1, 1])}
    yield "old_jpeg.tif", tiff(old, [stream]), np.asarray(Image.open(io.BytesIO(stream)).convert("RGB"))


def mapped(samples, black, white, whole=True, negative=False):
    """The formula of docs/images.md."""
    values = np.asarray(samples, dtype=np.float64)
    level = np.floor((values - black) * 256 / (white - black + (1 if whole else 0)))
    level = np.clip(level, 0, 255).astype(np.uint8)
    level = 255 - level if negative else level
    return np.stack([level] * 3, axis=2) if level.ndim == 2 else level


def deep_files():
    """Deep pictures: name, bytes, range of the sample type, what the file declares (None: nothing) and the samples."""
    word = (0, 65535)
    twelve = GREY16 >> 4
    yield "grey16.png", saved(Image.fromarray(GREY16), "PNG"), word, None, GREY16
    rows = [row.astype(">u2").tobytes() for row in RGB16]
    yield "rgb16.png", png(WIDTH, HEIGHT, 16, 2, rows), word, None, RGB16
    pairs = np.stack([GREY16, GREY16[::-1]], axis=2).astype(">u2")
    yield "grey_alpha16.png", png(WIDTH, HEIGHT, 16, 4, [row.tobytes() for row in pairs]), word, None, GREY16
    yield ("interlaced16.png", png(WIDTH, HEIGHT, 16, 2, interlaced(RGB16.astype(">u2")), interlace=1), word, None,
           RGB16)

    def significant(samples, bits):
        rows = [row.astype(">u2").tobytes() for row in samples]
        return png(WIDTH, HEIGHT, 16, 0, rows, chunks=[(b"sBIT", bytes([bits]))])

    yield "sbit12_low.png", significant(twelve, 12), word, (0, 4095), twelve
    high = (twelve.astype(np.uint32) * 65535 // 4095).astype(np.uint16)
    yield "sbit12_high.png", significant(high, 12), word, word, high
    dark = (high >> 4) & 0xFFF0  # all below 4096, and yet at the top of 16 bits
    yield "sbit12_dark.png", significant(dark, 12), word, None, dark
    size = f"{WIDTH} {HEIGHT} ".encode()
    yield "grey16.pgm", b"P5 " + size + b"65535\n" + GREY16.astype(">u2").tobytes(), word, None, GREY16
    ten = GREY16 >> 6
    yield "grey10.pgm", b"P5 " + size + b"1023\n" + ten.astype(">u2").tobytes(), (0, 1023), (0, 1023), ten
    ten = RGB16 >> 6
    yield "rgb10.ppm", b"P6 " + size + b"1023\n" + ten.astype(">u2").tobytes(), (0, 1023), (0, 1023), ten
    yield "deep.ppm", b"P6 " + size + b"65535\n" + RGB16.astype(">u2").tobytes(), word, None, RGB16
    yield "grey16.tif", saved(Image.fromarray(GREY16), "TIFF"), word, None, GREY16
    yield "grey16_white_is_zero.tif", tiff(tiff_tags(16, 1, 0), [GREY16.astype("<u2").tobytes()]), word, None, GREY16
    yield "grey16_big_endian.tif", tiff(tiff_tags(16, 1, 1), [GREY16.astype(">u2").tobytes()], order=">"), word, None, GREY16
    yield "rgb16.tif", tiff(tiff_tags(16, 3, 2), [RGB16.astype("<u2").tobytes()]), word, None, RGB16
    yield "rgb16_big_endian.tif", tiff(tiff_tags(16, 3, 2), [RGB16.astype(">u2").tobytes()], order=">"), word, None, RGB16
    planes = [np.ascontiguousarray(RGB16[:, :, c]).astype("<u2").tobytes() for c in range(3)]
    yield "planes16.tif", tiff(tiff_tags(16, 3, 2, _284=(3, [2])), planes), word, None, RGB16
    yield ("turned16.tif", tiff(tiff_tags(16, 3, 2, _274=(3, [6])), [RGB16.astype("<u2").tobytes()]), word, None,
           np.rot90(RGB16, -1))
    side = {"_322": (3, [16]), "_323": (3, [16])}
    blocks = list(tiles(twelve.astype("<u2")[:, :, None], 16, 16))
    limits = {"_280": (3, [100]), "_281": (3, [4000])}
    yield "limits.tif", tiff(tiff_tags(16, 1, 1, **side, **limits), blocks, tiled=True), word, (100, 4000), twelve
    bits = np.unpackbits(np.ascontiguousarray(twelve.astype(">u2")).view(np.uint8), axis=1)
    bits = bits.reshape(HEIGHT, WIDTH, 16)[:, :, 4:].reshape(HEIGHT, -1)
    packed = np.packbits(bits, axis=1).tobytes()
    yield "packed12.tif", tiff(tiff_tags(12, 1, 1), [packed]), (0, 4095), (0, 4095), twelve
    signed = GREY16.astype(np.int32) - 32768
    yield ("signed16.tif", tiff(tiff_tags(16, 1, 1, _339=(3, [2])), [signed.astype("<i2").tobytes()]), (-32768, 32767),
           None, signed)
    signed = np.asarray(GREY).astype(np.int32) - 128
    yield ("signed8.tif", tiff(tiff_tags(8, 1, 1, _339=(3, [2])), [signed.astype("<i1").tobytes()]), (-128, 127), None,
           signed)
    long = GREY16.astype(np.uint32) * 65537
    yield ("grey32.tif", tiff(tiff_tags(32, 1, 1), [long.astype("<u4").tobytes()]), (0, 2**32), None,
           long.astype(np.float32))


def floating_files():
    """Floating point has no whole range: name, bytes, levels to read it with, samples."""
    values = (GREY16.astype(np.float32) / 40000 - 0.25).astype(np.float32)
    form, levels = {"_339": (3, [3])}, (-0.125, 1.25)
    yield "float32.tif", tiff(tiff_tags(32, 1, 1, **form), [values.astype("<f4").tobytes()]), levels, values
    half = values.astype(np.float16)
    yield "float16.tif", tiff(tiff_tags(16, 1, 1, **form), [half.astype("<f2").tobytes()]), levels, half
    yield "float64.tif", tiff(tiff_tags(64, 1, 1, **form), [values.astype(">f8").tobytes()], order=">"), levels, values
    broken = values.copy()
    broken[0, :4] = np.nan, np.inf, -np.inf, 3e38
    yield "float_broken.tif", tiff(tiff_tags(32, 1, 1, **form), [broken.astype("<f4").tobytes()]), levels, broken


def write_formats(folder):
    folder.mkdir(exist_ok=True)
    image = SMOOTH
    for extension, form, options in [
            ("jpg", "JPEG", {}), ("jpeg", "JPEG", {"progressive": True}), ("png", "PNG", {}), ("ppm", "PPM", {}),
            ("bmp", "BMP", {}), ("pgm", "PPM", {}), ("tif", "TIFF", {}), ("tiff", "TIFF", {"compression": "tiff_lzw"}),
            ("webp", "WEBP", {})]:
        source = image.convert("L") if extension == "pgm" else image
        (folder / f"part.{extension}").write_bytes(saved(source, form, **options))


def expect(tensors, name, pixels):
    digest = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()
    tensors[name] = np.frombuffer(digest.encode(), dtype=np.uint8)
    tensors[name + ".size"] = np.array(pixels.shape[:2], dtype=np.int64)


def write_deep(fixtures, tensors):
    folder = fixtures / "deep"
    folder.mkdir(exist_ok=True)
    for name, data, whole, declared, samples in deep_files():
        (folder / name).write_bytes(data)
        negative = "white_is_zero" in name
        expect(tensors, name, mapped(samples, *whole, negative=negative))
        tensors[name + ".whole"] = np.array(whole, dtype=np.int64)
        tensors[name + ".declared"] = np.array(declared or (0, 0), dtype=np.int64)
        tensors[name + ".used"] = np.array([np.min(samples), np.max(samples)], dtype=np.int64)
    for name, data, levels, samples in floating_files():
        (folder / name).write_bytes(data)
        finite = samples[np.isfinite(samples)]
        with np.errstate(invalid="ignore"):
            expect(tensors, name, mapped(np.nan_to_num(samples.astype(np.float64), nan=-1e9), *levels, whole=False))
        tensors[name + ".levels"] = np.array(levels, dtype=np.float32)
        tensors[name + ".used"] = np.array([finite.min(), finite.max()], dtype=np.float32)


def main(fixtures):
    folder = fixtures / "image"
    folder.mkdir(exist_ok=True)
    tensors = {}
    for files in (png_files, jpeg_files, bmp_files, pnm_files, tiff_files, webp_files):
        for name, data in files():
            (folder / name).write_bytes(data)
            expect(tensors, name, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    for name, data, pixels in own_files():
        (folder / name).write_bytes(data)
        expect(tensors, name, pixels.astype(np.uint8))
    (fixtures / "near").mkdir(exist_ok=True)
    for name, data, pixels in near_files():
        (fixtures / "near" / name).write_bytes(data)
        expect(tensors, name, pixels)
        tensors[name + ".pixels"] = np.ascontiguousarray(pixels)
    write_deep(fixtures, tensors)
    write_formats(fixtures / "formats")
    for path in sorted((fixtures / "formats").iterdir()):
        expect(tensors, path.name, np.asarray(Image.open(path).convert("RGB")))
    save_file(tensors, fixtures / "image_decode.safetensors")


if __name__ == "__main__":
    here = pathlib.Path(__file__).parent
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "fixtures")
