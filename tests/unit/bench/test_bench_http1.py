import pytest

from bench.http1 import Response

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"
PLAIN = HEAD + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=1\r\nlo\r\n0\r\n\r\n"


@pytest.mark.parametrize("wire", [PLAIN, CHUNKED], ids=["by length", "chunked"])
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_response_is_read_whole_however_it_is_torn(wire, size):
    response = Response()

    body = b"".join(response.feed(wire[i : i + size]) for i in range(0, len(wire), size))

    assert (response.status, body, response.is_complete) == (200, b"hello", True)


def test_a_response_without_a_body_is_complete_after_its_head():
    response = Response()

    response.feed(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")

    assert (response.status, response.is_complete) == (503, True)


def test_a_response_is_not_complete_while_bytes_are_missing():
    response = Response()

    response.feed(CHUNKED[:-2])

    assert not response.is_complete
