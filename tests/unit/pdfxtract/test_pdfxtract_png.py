import io

from PIL import Image

from asynctaskflow_pdfxtract.png import encode_grey


def test_a_grey_bitmap_with_padded_rows_is_a_readable_png():
    png = encode_grey(bytes([0, 255, 9, 128, 64, 9]), width=2, height=2, stride=3)

    image = Image.open(io.BytesIO(png))

    assert (image.mode, image.size) == ("L", (2, 2))
    assert list(image.tobytes()) == [0, 255, 128, 64]
