"""The examples run."""

import runpy

from support import DATA, DEFECTIVE, NETWORK, ROOT

EXAMPLES = ROOT / "python/examples"


def test_inspect_folder(run, tmp_path):
    main = runpy.run_path(str(EXAMPLES / "inspect_folder.py"))["main"]
    failed = main(str(run.model_path), str(DEFECTIVE), str(tmp_path / "table.csv"))
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert len(lines) == 9 and sum(",FAIL," in line for line in lines) == failed
    assert len(list(tmp_path.glob("*_overlay.ppm"))) == failed > 0


def test_compare_settings(tmp_path):
    main = runpy.run_path(str(EXAMPLES / "compare_settings.py"))["main"]
    small = {**NETWORK, "output": tmp_path, "progress": False, "n_scales": 1}
    assert len(main(DATA["dataset_path"], DATA["class_name"], **small)) == 3
