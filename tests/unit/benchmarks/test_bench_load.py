import pytest

from benchmarks.load import read_wrk

REPORT = """
Running 4s test @ http://127.0.0.1:8000/api/v1/tasks/summarize/
  1 threads and 32 connections
  Latency Distribution
     50%    4.80ms
     99%   {p99}
  22764 requests in 4.00s, 5.10MB read
{refused}Requests/sec:   5690.12
Transfer/sec:      1.27MB
"""


@pytest.mark.parametrize(("p99", "ms"), [("12.50ms", 12.5), ("1.10s", 1100.0), ("930.00us", 0.93)])
def test_the_report_of_wrk_is_read_in_milliseconds(p99, ms):
    seen = read_wrk(REPORT.format(p99=p99, refused=""))

    assert (seen.tool, seen.per_second, seen.errors) == ("wrk", 5690.12, 0)
    assert seen.p99_ms == pytest.approx(ms)


def test_refused_requests_are_counted():
    refused = "  Non-2xx or 3xx responses: 17\n"

    assert read_wrk(REPORT.format(p99="1ms", refused=refused)).errors == 17


def test_another_text_is_no_report():
    with pytest.raises(ValueError, match="not a report"):
        read_wrk("unable to connect to 127.0.0.1:8000 Connection refused")
