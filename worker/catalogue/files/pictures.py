"""Pictures made smaller or of another format, with what a camera wrote into them left out."""

from pathlib import Path
from typing import Any

from PIL import IcoImagePlugin, Image, ImageOps, TiffImagePlugin, UnidentifiedImageError, WebPImagePlugin

from worker.catalogue.files import naming
from worker.catalogue.files.refused import Refused

#: Read by Pillow itself; others start programs of their own, or are drawings. Beyond five each has to be imported.
_MORE = (IcoImagePlugin.IcoImageFile, TiffImagePlugin.TiffImageFile, WebPImagePlugin.WebPImageFile)
_READ = ("JPEG", "PNG", "GIF", "BMP", "PPM", *(str(kind.format) for kind in _MORE))
_ENDINGS = {
    ".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".ico"
}  # fmt: skip
_WRITTEN = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "WEBP": ".webp"}
#: 100 megapixels take 300 to 400 MB while they are worked on.
MAX_PIXELS = 100_000_000
_WITHOUT_ALPHA = {"RGB", "L", "CMYK"}


def work(source: Path, name: str, target: Path, operation: dict[str, Any]) -> dict[str, Any]:
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(source, formats=_READ) as picture:
            return _worked(picture, target, operation)
    except (Refused, MemoryError):
        raise
    except UnidentifiedImageError as error:
        claims = naming.suffix_of(name) in _ENDINGS
        text = "The file is no picture of a kind that is read here."
        raise Refused("not_a_picture", text, skipped=not claims) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many() from error
    except Exception as error:
        raise Refused("broken_picture", "The picture is damaged, or ends too early.") from error


def _worked(picture: Image.Image, target: Path, operation: dict[str, Any]) -> dict[str, Any]:
    if picture.width * picture.height > MAX_PIXELS:
        raise _too_many()
    frames, before = getattr(picture, "n_frames", 1), (picture.width, picture.height)
    picture.seek(0)
    written, ending = _format(picture, operation["format"])
    made = _fitted(ImageOps.exif_transpose(picture), operation["width"], operation["height"])
    _save(made, target, written, operation["quality"])
    told: dict[str, Any] = {"width": made.width, "height": made.height, "format": written.lower()}
    told |= {"before": f"{before[0]} × {before[1]}"} if before != made.size else {}
    return {**told, "ending": ending, **({"frames_left_out": frames - 1} if frames > 1 else {})}


def _format(picture: Image.Image, wished: str) -> tuple[str, str]:
    """What is written, and the ending that belongs to it."""
    found = picture.format if picture.format in _WRITTEN else "PNG"
    name = str(found if wished == "same" else wished.upper())
    return ("JPEG" if name == "MPO" else name), _WRITTEN[name]


def _fitted(picture: Image.Image, width: int, height: int) -> Image.Image:
    """Made smaller to fit, in proportion; never larger."""
    most = (width or picture.width, height or picture.height)
    if most[0] < picture.width or most[1] < picture.height:
        if picture.mode in ("P", "1"):
            picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
        picture.thumbnail(most, Image.Resampling.LANCZOS)
    return picture


def _save(picture: Image.Image, target: Path, written: str, quality: int) -> None:
    """With its colour profile, without place, time, camera and thumbnail."""
    profile = picture.info.get("icc_profile")
    options: dict[str, Any] = {"icc_profile": profile} if profile else {}
    if written == "JPEG":
        picture = _flat(picture)
    if written != "PNG":
        options["quality"] = quality
    elif picture.mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"):
        picture = picture.convert("RGB")
    picture.info = {}
    picture.save(target, written, **options)


def _flat(picture: Image.Image) -> Image.Image:
    """JPEG has no transparency: white shows through."""
    if picture.mode in _WITHOUT_ALPHA:
        return picture
    if "A" in picture.getbands() or "transparency" in picture.info:
        whole = picture.convert("RGBA")
        below = Image.new("RGBA", whole.size, "white")
        return Image.alpha_composite(below, whole).convert("RGB")
    return picture.convert("RGB")


def _too_many() -> Refused:
    return Refused("too_many_pixels", f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels.")
