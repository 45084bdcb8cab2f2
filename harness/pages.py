"""Pages of metrics as models answer them, good and bad; a real Prometheus says in `tests/real` which it reads."""

from __future__ import annotations

from typing import NamedTuple


class Page(NamedTuple):
    """What a model answers to a scrape."""

    body: bytes
    openmetrics: bool = False

    @property
    def content_type(self) -> str:
        """As the model tells it."""
        return "application/openmetrics-text; version=1.0.0" if self.openmetrics else "text/plain; version=0.0.4"


READABLE = {
    "of_triton": Page(
        b"# HELP nv_inference_count Number of inferences performed (does not include cached requests)\n"
        b"# TYPE nv_inference_count counter\n"
        b'nv_inference_count{model="simple",version="1"} 0.000000\n'
        b"# HELP nv_gpu_utilization GPU utilization rate [0.0 - 1.0)\n"
        b"# TYPE nv_gpu_utilization gauge\n"
    ),
    "of_vllm": Page(
        b"# TYPE vllm:e2e_request_latency_seconds histogram\n"
        b'vllm:e2e_request_latency_seconds_bucket{le="0.3",model_name="m"} 0.0\n'
        b'vllm:e2e_request_latency_seconds_bucket{le="+Inf",model_name="m"} 2.0\n'
        b'vllm:e2e_request_latency_seconds_count{model_name="m"} 2.0\n'
        b'vllm:e2e_request_latency_seconds_sum{model_name="m"} 1.5\n'
    ),
    "empty": Page(b""),
    "blank_lines_and_comments": Page(b"\n# a comment\n#another\n\nx 1\n"),
    "spaces_and_tabs": Page(b'#\tTYPE  x gauge\nx\t{ a = "1" , b="2" , } \t 1 \n'),
    "numbers": Page(b"a +Inf\nb -Inf\nc NaN\nd 1e-9\ne .5\nf 5.\ng -1.5E+10\n"),
    "timestamp": Page(b"x 1 1395066363000\n"),
    "escapes": Page(b'x{path="C:\\\\a\\n",said="\\"hi\\""} 1\n'),
    "letters_of_the_world": Page('x{city="Łódź 東京"} 1\n'.encode()),
    "help_without_text": Page(b"# HELP x \n# TYPE x gauge\nx 1\n"),
    "openmetrics": Page(b"# TYPE x counter\n# UNIT x \nx_total 1.0\nx_created 1.7e9\n# EOF\n", True),
    "openmetrics_exemplar": Page(
        b'# TYPE x histogram\nx_bucket{le="+Inf"} 1 # {trace_id="ab"} 0.5 1700000000.5\nx_count 1\nx_sum 0.5\n# EOF\n',
        True,
    ),
    "openmetrics_kinds": Page(
        b'# TYPE x info\nx_info{a="b"} 1\n# TYPE y unknown\ny 1\n# TYPE z gauge\nz 1\n# EOF\n', True
    ),
    "openmetrics_unit": Page(b"# TYPE x_seconds gauge\n# UNIT x_seconds seconds\nx_seconds 1 1.7e9\n# EOF", True),
    "openmetrics_empty": Page(b"# EOF\n", True),
}

UNREADABLE = {
    "html": Page(b"<!DOCTYPE html>\n<html><body>Not here</body></html>\n"),
    "json": Page(b'{"requests": 4}\n'),
    "no_value": Page(b"x\n"),
    "no_number": Page(b"x four\n"),
    "number_with_a_tail": Page(b"x 4s\n"),
    "name_with_a_dash": Page(b"my-metric 1\n"),
    "name_that_begins_with_a_digit": Page(b"4xx 1\n"),
    "label_without_quotes": Page(b"x{a=1} 1\n"),
    "label_that_does_not_end": Page(b'x{a="1} 1\n'),
    "label_with_a_dash": Page(b'x{a-b="1"} 1\n'),
    "unknown_kind": Page(b"# TYPE x number\nx 1\n"),
    "kind_of_openmetrics": Page(b"# TYPE x info\nx 1\n"),
    "twice_the_same_label": Page(b'x{a="1",a="2"} 1\n'),
    "not_utf8": Page(b'x{a="\xff\xfe"} 1\n'),
    "exemplar_in_text": Page(b'x 1 # {trace_id="ab"} 1\n'),
    "own_name_as_a_label": Page(b'x{__name__="y"} 1\n'),
    "number_beyond_all": Page(b"x 1e400\n"),
    "number_that_is_negative_and_none": Page(b"x -NaN\n"),
    "timestamp_beyond_all": Page(b"x 1 99999999999999999999999\n"),
    "timestamp_with_a_fraction": Page(b"x 1 12.5\n"),
    "kind_after_two_spaces": Page(b"# TYPE x  gauge\nx 1\n"),
    "kind_before_a_space": Page(b"# TYPE x gauge \nx 1\n"),
    "lines_that_end_as_in_windows": Page(b"# TYPE x gauge\r\nx 1\r\n"),
    "openmetrics_two_spaces": Page(b"x  1\n# EOF\n", True),
    "openmetrics_space_between_labels": Page(b'x{a="1", b="2"} 1\n# EOF\n', True),
    "openmetrics_comma_at_the_end": Page(b'x{a="1",} 1\n# EOF\n', True),
    "openmetrics_help_without_text": Page(b"# HELP x\nx 1\n# EOF\n", True),
    "openmetrics_unit_of_another": Page(b"# UNIT x seconds\nx 1\n# EOF\n", True),
    "openmetrics_exemplar_of_a_gauge": Page(b'x 1 # {a="b"} 1\n# EOF\n', True),
    "openmetrics_timestamp_that_is_none": Page(b"x 1 NaN\n# EOF\n", True),
    "openmetrics_without_end": Page(b"# TYPE x gauge\nx 1\n", True),
    "openmetrics_that_goes_on": Page(b"# EOF\nx 1\n", True),
    "openmetrics_blank_line": Page(b"# TYPE x gauge\n\nx 1\n# EOF\n", True),
    "openmetrics_comment": Page(b"# a comment\nx 1\n# EOF\n", True),
}
