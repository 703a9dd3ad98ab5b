"""libdiffernet's structs, as ctypes lays them out; a test compares them with the headers."""

from __future__ import annotations

import ctypes as c
from typing import Any


class ErrorStruct(c.Structure):
    _fields_ = [("status", c.c_int), ("message", c.c_char * 1024)]


class SizedStruct(c.Structure):
    """A struct that begins with its size, by which the library knows its members."""

    def __init__(self, **members: Any) -> None:
        super().__init__(struct_size=c.sizeof(type(self)), **members)


class ModelOptionsStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("backbone", c.c_char_p),
        ("device", c.c_char_p),
        ("compute", c.c_char_p),
        ("precision", c.c_char_p),
        ("threads", c.c_int),
        ("rotations", c.c_int),
        ("threshold_rule", c.c_char_p),
        ("false_reject_rate", c.c_double),
        ("review_rate", c.c_double),
        ("target_tpr", c.c_double),
        ("threshold", c.c_double),
        ("early_exit", c.c_double),
        ("maps", c.c_int),
        ("concurrency", c.c_int),
        ("low_rate", c.c_double),
        ("unlike", c.c_int),
        ("overlay_footer", c.c_int),
        ("report_title", c.c_char_p),
        ("report_note", c.c_char_p),
    ]


class ResultStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("raw_score", c.c_double),
        ("score_std", c.c_double),
        ("elapsed_ms", c.c_double),
        ("rotations", c.c_int),
        ("verdict", c.c_int),
        ("pred_label", c.c_int),
        ("pred_score", c.c_double),
        ("threshold", c.c_double),
        ("review_threshold", c.c_double),
        ("p_value", c.c_double),
        ("warnings", (c.c_char * 256) * 4),
        ("time_ms", c.c_int64),
        ("paper_score", c.c_double),
        ("places_score", c.c_double),
        ("places_p_value", c.c_double),
        ("reason", c.c_char_p),
        ("low_threshold", c.c_double),
        ("tiles", c.c_int),
        ("tiles_above", c.c_int),
        ("worst_x", c.c_int),
        ("worst_y", c.c_int),
        ("worst_width", c.c_int),
        ("worst_height", c.c_int),
    ]


class ImageSourceStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("path", c.c_char_p),
        ("bytes", c.c_void_p),
        ("size", c.c_size_t),
        ("pixels", c.c_void_p),
        ("format", c.c_int),
        ("width", c.c_int),
        ("height", c.c_int),
        ("stride", c.c_size_t),
        ("name", c.c_char_p),
    ]


class RegionStruct(c.Structure):
    _fields_ = [
        ("x", c.c_int),
        ("y", c.c_int),
        ("width", c.c_int),
        ("height", c.c_int),
        ("area", c.c_size_t),
        ("score", c.c_double),
        ("centroid_x", c.c_double),
        ("centroid_y", c.c_double),
    ]


class ProgressStruct(c.Structure):
    _fields_ = [
        ("stage", c.c_int),
        ("done", c.c_size_t),
        ("total", c.c_size_t),
        ("meta_epoch", c.c_int),
        ("sub_epoch", c.c_int),
        ("loss", c.c_double),
        ("auroc_last", c.c_double),
        ("auroc_max", c.c_double),
        ("auroc_epoch_max", c.c_int),
        ("images_done", c.c_size_t),
        ("images_total", c.c_size_t),
    ]


ON_PROGRESS = c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(ProgressStruct))
ON_MESSAGE = c.CFUNCTYPE(None, c.c_void_p, c.c_int, c.c_char_p)
SHOULD_STOP = c.CFUNCTYPE(c.c_int, c.c_void_p)


class ObserverStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("user", c.c_void_p),
        ("on_progress", ON_PROGRESS),
        ("on_message", ON_MESSAGE),
    ]


class TrainSummaryStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("results_directory", c.c_char * 1024),
        ("seconds", c.c_double),
    ]


class ExportOptionsStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("format", c.c_int),
        ("half", c.c_int),
        ("rotations", c.c_int),
        ("reserved", c.c_int),
    ]


class ScoreOptionsStruct(SizedStruct):
    _fields_ = [("struct_size", c.c_size_t), ("should_stop", SHOULD_STOP), ("user", c.c_void_p)]


class ImageListStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("paths", c.POINTER(c.c_char_p)),
        ("count", c.c_size_t),
        ("skipped", c.c_size_t),
        ("outputs", c.c_size_t),
    ]


class RowPlacesStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("has_regions", c.c_int),
        ("regions", c.POINTER(RegionStruct)),
        ("region_count", c.c_size_t),
        ("anomaly_map", c.c_char_p),
        ("pred_mask", c.c_char_p),
        ("overlay", c.c_char_p),
    ]


class ConfigKeyStruct(c.Structure):
    _fields_ = [("name", c.c_char_p), ("default_value", c.c_char_p), ("comment", c.c_char_p)]


class StatisticStruct(c.Structure):
    _fields_ = [
        ("defined", c.c_int),
        ("value", c.c_double),
        ("low", c.c_double),
        ("high", c.c_double),
        ("reason", c.c_char_p),
    ]


class VerdictCountsStruct(c.Structure):
    _fields_ = [("pass", c.c_size_t), ("review", c.c_size_t), ("fail", c.c_size_t)]


class DefectMetricsStruct(c.Structure):
    _fields_ = [
        ("name", c.c_char * 64),
        ("count", c.c_size_t),
        ("image_auroc", StatisticStruct),
        ("verdicts", VerdictCountsStruct),
    ]


class DecisionStruct(c.Structure):
    _fields_ = [
        ("rule", c.c_char_p),
        ("source", c.c_char_p),
        ("threshold", c.c_double),
        ("review_threshold", c.c_double),
        ("tuned", c.c_int),
        ("good", VerdictCountsStruct),
        ("defective", VerdictCountsStruct),
        ("false_reject_rate", StatisticStruct),
        ("detection_rate", StatisticStruct),
        ("precision", StatisticStruct),
        ("accuracy", StatisticStruct),
    ]


class MetricsStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("good_count", c.c_size_t),
        ("defect_count", c.c_size_t),
        ("unreadable_count", c.c_size_t),
        ("image_auroc", StatisticStruct),
        ("image_aupr", StatisticStruct),
        ("image_f1_max", StatisticStruct),
        ("f1_max_threshold", c.c_double),
        ("pixel_auroc", StatisticStruct),
        ("pixel_aupro", StatisticStruct),
        ("pixel_f1_max", StatisticStruct),
        ("pixel_f1_max_threshold", c.c_double),
        ("loss", c.c_double),
        ("decision", DecisionStruct),
        ("by_rule", DecisionStruct * 4),
        ("rule_count", c.c_size_t),
        ("defect_kinds", c.c_size_t),
        ("defects", DefectMetricsStruct * 64),
        ("defects_touched", StatisticStruct),
        ("good_marked", StatisticStruct),
    ]


class CalibrationSummaryStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("source", c.c_char_p),
        ("rule", c.c_char_p),
        ("count", c.c_size_t),
        ("unreadable", c.c_size_t),
        ("least_score", c.c_double),
        ("median_score", c.c_double),
        ("largest_score", c.c_double),
        ("false_reject_rate", c.c_double),
        ("review_rate", c.c_double),
        ("promised_rate", c.c_double),
        ("threshold", c.c_double),
        ("review_threshold", c.c_double),
        ("low_rate", c.c_double),
        ("low_threshold", c.c_double),
        ("earlier", c.c_size_t),
        ("id", c.c_char * 24),
        ("date", c.c_char * 24),
        ("promise", c.c_char * 256),
    ]


class CalibrateOptionsStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("output", c.c_char_p),
        ("dry_run", c.c_int),
        ("force", c.c_int),
        ("undo", c.c_int),
        ("reserved", c.c_int),
        ("group", c.c_void_p),
    ]

PIXELS_RGB, PIXELS_GREY = 0, 2
MAP_PNG, MAP_MASK, MAP_OVERLAY = 1, 2, 3
ROW_CSV = 1
