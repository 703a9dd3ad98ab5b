"""Files of tensors as PyTorch and the safetensors package write them, and their values as plain numbers."""

import io
import json
import os
import pickle
import pickletools
import struct
import sys
import zipfile
import zlib
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file

folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "fixtures") / "tensor_files"
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(1)


def end_of_pickles(data, count):
    stream, ends = io.BytesIO(data), []
    for _ in range(count):
        for _ in pickletools.genops(stream):
            pass
        ends.append(stream.tell())
    return ends


def save_legacy(state, name, protocol=2):
    """torch.save names storages by their addresses: here by their order, to be the same every time."""
    stream = io.BytesIO()
    torch.save(state, stream, _use_new_zipfile_serialization=False, pickle_protocol=protocol)
    data = stream.getvalue()
    ends = end_of_pickles(data, 5)
    object_pickle = data[ends[2] : ends[3]]
    keys = pickle.loads(data[ends[3] : ends[4]])
    sizes, blocks, position = {}, {}, ends[4]
    for value in state.values():
        storage = value.detach().untyped_storage()
        sizes.setdefault(str(storage._cdata), value.element_size())
    for key in keys:
        (count,) = struct.unpack_from("<q", data, position)
        blocks[key] = data[position : position + 8 + count * sizes[key]]
        position += len(blocks[key])
    assert position == len(data)
    renamed = {key: f"{i:0{len(key)}d}" for i, key in enumerate(sizes)}
    for key in keys:
        object_pickle = object_pickle.replace(key.encode(), renamed[key].encode())
    listed = pickle.dumps([renamed[key] for key in sizes], protocol=protocol)
    (folder / name).write_bytes(data[: ends[2]] + object_pickle + listed + b"".join(blocks[key] for key in sizes))


def rewrite(source, target, method=zipfile.ZIP_STORED, replace=None):
    with zipfile.ZipFile(folder / source) as old, zipfile.ZipFile(folder / target, "w", method) as new:
        for entry in old.infolist():
            content = (replace or {}).get(entry.filename, old.read(entry.filename))
            new.writestr(zipfile.ZipInfo(entry.filename), content, method)


def save_nested(name, count):
    """A zip bomb without compression: each storage lies within the one before it."""
    names, content, headers = [f"nested/data/{i}".encode() for i in range(count)], bytes(1000), []
    for member in reversed(names):
        crc, size = zlib.crc32(content), len(content)
        fields = (20, 0, 0, 0, 0, crc, size, size, len(member), 0)
        headers.insert(0, (member, fields))
        content = struct.pack("<4s5H3I2H", b"PK\3\4", *fields) + member + content
    offsets = [i * (30 + len(names[0])) for i in range(count)]
    stream = io.BytesIO()
    torch.save({str(i): torch.zeros(h[1][6], dtype=torch.uint8) for i, h in enumerate(headers)}, stream)
    pickled = zipfile.ZipFile(stream).read("archive/data.pkl")
    fields = (20, 0, 0, 0, 0, zlib.crc32(pickled), len(pickled), len(pickled), 15, 0)
    headers.append((b"nested/data.pkl", fields))
    offsets.append(len(content))
    content += struct.pack("<4s5H3I2H", b"PK\3\4", *fields) + b"nested/data.pkl" + pickled
    directory = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, *fields, 0, 0, 0, 0, offset) + member
        for (member, fields), offset in zip(headers, offsets)
    )
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count + 1, count + 1, len(directory), len(content), 0)
    (folder / name).write_bytes(content + directory + end)


def every_kind():
    state = OrderedDict()
    state["f32"] = torch.randn(2, 3)
    state["f16"] = torch.tensor([0.0, -0.0, 1.5, -65504.0, 6e-8, 6.1e-5, float("inf"), 0.333251953125]).half()
    state["bf16"] = torch.tensor([0.0, -2.5, 3e38, 1e-40, float("-inf"), 3.140625]).bfloat16()
    state["f64"] = torch.tensor([[0.1], [-1e30]], dtype=torch.float64)
    state["i64"] = torch.tensor([-(2**62), 7, 2**53 + 1])
    state["i32"] = torch.tensor([-(2**31), 5], dtype=torch.int32)
    state["i16"] = torch.tensor([-32768, 5], dtype=torch.int16)
    state["i8"] = torch.tensor([-128, 127, 3], dtype=torch.int8)
    state["u8"] = torch.tensor([255, 0, 9], dtype=torch.uint8)
    state["bool"] = torch.tensor([True, False])
    state["scalar"] = torch.tensor(-1.25)
    state["empty"] = torch.zeros(0, 3)
    shared = torch.arange(12.0).reshape(4, 3)
    state["shared.all"] = shared
    state["shared.row"] = shared[2]
    state["shared.one_column"] = shared[1:3, :].reshape(-1)[2:5].reshape(3, 1)
    state["parameter"] = torch.nn.Parameter(torch.tensor([0.5, 0.25]))
    state["größe"] = torch.ones(1, 2, 1)
    return state


class MiniAlexNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        layers, channels = {}, 3
        for index, (width, kernel) in {0: (4, 5), 3: (6, 3), 6: (5, 3), 8: (4, 3), 10: (4, 3)}.items():
            layers[str(index)] = torch.nn.Conv2d(channels, width, kernel)
            channels = width
        self.features = torch.nn.ModuleDict(layers)
        self.classifier = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Linear(16, 10))


class Attack:
    def __reduce__(self):
        return os.system, ("touch differnet-was-here",)


def sort_metadata(path):
    """The package writes metadata in the order of a hash map, which differs from run to run."""
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode().ljust(end - 8)
    path.write_bytes(data[:8] + text + data[end:])


kinds = every_kind()
torch.save(kinds, folder / "kinds_zip.pth")
torch.save(kinds, folder / "kinds_protocol4.pth", pickle_protocol=4)
save_legacy(kinds, "kinds_legacy.pth")
save_legacy(kinds, "kinds_legacy_protocol5.pth", protocol=5)
plain = {name: tensor.detach().clone().contiguous() for name, tensor in kinds.items()}
save_file(plain, folder / "kinds.safetensors", metadata={"format": "pt", "note": "zwei\nZeilen \"ä\""})
sort_metadata(folder / "kinds.safetensors")

model = MiniAlexNet()
weights = model.state_dict()
torch.save(weights, folder / "mini_zip.pth")
save_legacy(weights, "mini_legacy.pth")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
checkpoint = {"epoch": 3, "state_dict": weights, "best": 0.5, "optimizer": optimizer.state_dict(), "name": None}
torch.save(checkpoint, folder / "checkpoint.pth")

tiny = OrderedDict(first=torch.tensor([1.0, 2.0]), other=torch.tensor([3], dtype=torch.int64))
torch.save(tiny, folder / "tiny_zip.pth")
save_legacy(tiny, "tiny_legacy.pth")
save_file(dict(tiny), folder / "tiny.safetensors", metadata={"a": "b"})

torch.save(torch.nn.Linear(2, 1), folder / "whole_object.pth")
torch.save({"weight": torch.ones(1), "attack": Attack()}, folder / "attack.pth")
save_legacy(OrderedDict(turned=torch.arange(6.0).reshape(2, 3).t()), "turned.pth")
torch.save([torch.ones(1)], folder / "list.pth")
torch.save({"weight": torch.ones(1), "epoch": 3}, folder / "mixed.pth")
torch.save({"weight": torch.ones(2, dtype=torch.complex64)}, folder / "complex.pth")
rewrite("tiny_zip.pth", "compressed.pth", zipfile.ZIP_DEFLATED)
rewrite("tiny_zip.pth", "plain_zip.pth")
rewrite("tiny_zip.pth", "big_endian.pth", replace={"tiny_zip/byteorder": b"big"})
rewrite("tiny_zip.pth", "short_storage.pth", replace={"tiny_zip/data/0": b"1234"})

save_nested("nested.pth", 8)

# Views in another order than row-major, as converters from TensorFlow leave them.
strided = OrderedDict()
strided["permuted"] = torch.arange(2.0 * 3 * 4 * 5).reshape(2, 3, 4, 5).permute(3, 2, 0, 1)
strided["every_other"] = torch.arange(20.0).reshape(4, 5)[1:, ::2]
strided["expanded"] = torch.tensor([[7], [9]], dtype=torch.int64).expand(2, 3)
strided["half"] = torch.arange(6).half().reshape(2, 3).t()
strided["one_column"] = torch.arange(6.0).reshape(2, 3)[:, 1:2]
save_legacy(strided, "strided_legacy.pth")
torch.save(strided, folder / "strided_zip.pth")
torch.save({"blown_up": torch.ones(1).expand(4096)}, folder / "blown_up.pth")
save_legacy(OrderedDict(beyond=torch.arange(6.0).reshape(2, 3).t()), "beyond.pth")


def save_wheel(name, members, licence="UNKNOWN"):
    """A Python package with weights in it."""
    headers = f"Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.2\nHome-page: https://example.org/tiny\n"
    headers += f"Author: Someone\nLicense: {licence}\n\nLicense: not a header any more\n"
    info = "tiny_weights-1.2.dist-info"
    files = {f"tiny_weights/{key}": data for key, data in members.items()}
    files |= {f"{info}/LICENSE": b"\nTiny Licence 3.0\n\nDo as you like.\n", f"{info}/METADATA": headers.encode()}
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for key, data in files.items():
            wheel.writestr(zipfile.ZipInfo(key), data, zipfile.ZIP_DEFLATED)


legacy = (folder / "strided_legacy.pth").read_bytes()
save_wheel("legacy.whl", {"__init__.py": b"raise SystemExit\n", "models/weights.pth": legacy})
save_wheel("zip.whl", {"weights.pt": (folder / "tiny_zip.pth").read_bytes()}, licence="MIT")
save_wheel("two.whl", {"a.pth": legacy, "b.pth": legacy})
save_wheel("none.whl", {"__init__.py": b""})
save_wheel("bomb.whl", {"weights.pth": bytes(8 << 20)})
damaged = bytearray((folder / "zip.whl").read_bytes())
damaged[damaged.index(b"weights.pt") + 40] ^= 1
(folder / "damaged.whl").write_bytes(damaged)

# What every reader must find, in types that the tests can read: floats as F32, integers as I64.
expected = {}
for prefix, state in (("kinds", kinds), ("mini", weights), ("tiny", tiny), ("strided", strided)):
    for name, tensor in state.items():
        wide = torch.float32 if tensor.is_floating_point() else torch.int64
        expected[f"{prefix}/{name}"] = tensor.detach().clone().contiguous().to(wide)
save_file(expected, folder / "expected.safetensors")
