"""Small files of every kind that the decoders read, and what Pillow's convert("RGB") makes of them.

Writes fixtures/image/*, and fixtures/formats/part.*, one file of each accepted extension, with
fixtures/image_decode.safetensors: for every file its height and width and the SHA-256 digest of its RGB pixels. Grey deeper than 8 bits is the exception: Pillow
clips it to white, the expected pixels are its high bytes."""

import hashlib
import io
import pathlib
import struct
import sys
import zlib

import numpy as np
from PIL import Image
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


def tiff(tags, blocks, order="<", tiled=False):
    """One page; `blocks` are its strips or tiles, tags {number: (type, values)} without those of the blocks."""
    sizes = {1: "B", 3: "H", 4: "I"}
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
    yield "rgb16.png", png(WIDTH, HEIGHT, 16, 2, [row.astype(">u2").tobytes() for row in RGB16])
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
    yield "thousand.ppm", b"P6 " + size + b"1023\n" + (RGB16 >> 6).astype(">u2").tobytes()
    yield "deep.ppm", b"P6 " + size + b"65535\n" + RGB16.astype(">u2").tobytes()


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
    yield "big_endian16.tif", tiff(tiff_tags(16, 3, 2), [RGB16.astype(">u2").tobytes()], order=">")
    yield "rgb16.tif", tiff(tiff_tags(16, 3, 2), [RGB16.astype("<u2").tobytes()])
    yield "planes.tif", tiff(tiff_tags(8, 3, 2, _284=(3, [2])), [band.tobytes() for band in RGB.split()])
    size = {"_322": (3, [16]), "_323": (3, [16])}
    yield "tiles.tif", tiff(tiff_tags(8, 3, 2, **size), list(tiles(PIXELS, 16, 16)), tiled=True)
    grey4 = np.pad(np.asarray(GREY) >> 4, ((0, 0), (0, 1)))
    yield "grey4.tif", tiff(tiff_tags(4, 1, 1), [(grey4[:, 0::2] << 4 | grey4[:, 1::2]).tobytes()])


def webp_files():
    yield "lossy.webp", saved(SMOOTH, "WEBP", quality=80)
    yield "lossless.webp", saved(RGB, "WEBP", lossless=True)
    yield "alpha.webp", saved(RGBA, "WEBP", lossless=True, exact=True)
    yield "lossy_alpha.webp", saved(Image.merge("RGBA", (*SMOOTH.split(), SMOOTH.convert("L"))), "WEBP", quality=70)
    yield "animated.webp", saved(SMOOTH, "WEBP", save_all=True, append_images=[SMOOTH.rotate(180)], lossless=True)


def deep_grey_files():
    high = GREY16 >> 8
    yield "grey16.png", saved(Image.fromarray(GREY16), "PNG"), high
    yield "grey16.tif", saved(Image.fromarray(GREY16), "TIFF"), high
    yield "grey16_big_endian.tif", tiff(tiff_tags(16, 1, 1), [GREY16.astype(">u2").tobytes()], order=">"), high
    yield "grey16_white_is_zero.tif", tiff(tiff_tags(16, 1, 0), [GREY16.astype("<u2").tobytes()]), 255 - high
    size = f"{WIDTH} {HEIGHT} ".encode()
    yield "grey16.pgm", b"P5 " + size + b"65535\n" + GREY16.astype(">u2").tobytes(), high
    ten = GREY16 >> 6
    yield "grey10.pgm", b"P5 " + size + b"1023\n" + ten.astype(">u2").tobytes(), np.rint(ten / 1023 * 65535).astype(int) >> 8
    pairs = np.stack([GREY16, GREY16[::-1]], axis=2).astype(">u2")
    yield "grey_alpha16.png", png(WIDTH, HEIGHT, 16, 4, [row.tobytes() for row in pairs]), high


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


def main(fixtures):
    folder = fixtures / "image"
    folder.mkdir(exist_ok=True)
    tensors = {}
    for files in (png_files, jpeg_files, bmp_files, pnm_files, tiff_files, webp_files):
        for name, data in files():
            (folder / name).write_bytes(data)
            expect(tensors, name, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    for name, data, grey in deep_grey_files():
        (folder / name).write_bytes(data)
        Image.open(io.BytesIO(data)).load()
        expect(tensors, name, np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2))
    write_formats(fixtures / "formats")
    for path in sorted((fixtures / "formats").iterdir()):
        expect(tensors, path.name, np.asarray(Image.open(path).convert("RGB")))
    save_file(tensors, fixtures / "image_decode.safetensors")


if __name__ == "__main__":
    here = pathlib.Path(__file__).parent
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "fixtures")
