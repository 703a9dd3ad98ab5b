"""The structs that ctypes lays out, against the headers."""

import ctypes
import os
import subprocess

import differnet
from differnet import _structs
from support import ROOT


STRUCTS = {
    "dn_error": _structs.ErrorStruct,
    "dn_result": _structs.ResultStruct,
    "dn_image_source": _structs.ImageSourceStruct,
    "dn_region": _structs.RegionStruct,
    "dn_progress": _structs.ProgressStruct,
    "dn_observer": _structs.ObserverStruct,
    "dn_model_options": _structs.ModelOptionsStruct,
    "dn_train_summary": _structs.TrainSummaryStruct,
    "dn_export_options": _structs.ExportOptionsStruct,
    "dn_score_options": _structs.ScoreOptionsStruct,
    "dn_image_list": _structs.ImageListStruct,
    "dn_row_places": _structs.RowPlacesStruct,
    "dn_config_key": _structs.ConfigKeyStruct,
    "dn_metrics": _structs.MetricsStruct,
    "dn_calibration_summary": _structs.CalibrationSummaryStruct,
    "dn_calibrate_options": _structs.CalibrateOptionsStruct,
}


def test_structs_are_the_headers(tmp_path):
    """Sizes and offsets as the C compiler sees them in the headers."""
    lines = [f'printf("%zu\\n", sizeof({name}));' for name in STRUCTS]
    for name, struct in STRUCTS.items():
        lines += [f'printf("%zu\\n", offsetof({name}, {field[0]}));' for field in struct._fields_]
    (tmp_path / "layout.c").write_text(
        '#include "differnet_tools.h"\n#include <stdio.h>\nint main(void) {' + "\n".join(lines) + "return 0;}\n"
    )
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-I", ROOT / "include", tmp_path / "layout.c", "-o", tmp_path / "layout"], check=True)
    found = [int(n) for n in subprocess.run([tmp_path / "layout"], capture_output=True, check=True).stdout.split()]
    expected = [ctypes.sizeof(s) for s in STRUCTS.values()]
    expected += [getattr(s, field[0]).offset for s in STRUCTS.values() for field in s._fields_]
    assert found == expected
