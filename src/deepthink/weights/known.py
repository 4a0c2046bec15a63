"""The weight files that DeepThink knows: what each is, where it comes from, and what it may be used for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deepthink.errors import WeightsError


@dataclass(frozen=True)
class Weights:
    """One known weight file: what it is, where it comes from, and what it may be used for."""

    name: str  # what DeepThink calls it
    file: str
    sha256: str
    size: int  # bytes
    licence: str
    purpose: str
    source: str  # its address
    packed: bool = False  # what lies there is compressed with bzip2
    package: str | None = None  # the Python package that carries it, under models/


KNOWN: dict[str, Weights] = {
    each.name: each
    for each in (
        Weights(
            name="dlib-resnet",
            file="dlib_face_recognition_resnet_model_v1.dat",
            sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
            size=22_466_066,
            licence="public domain (CC0)",
            purpose="any use: face embeddings, 128 numbers a face",
            source="https://dlib.net/files/dlib_face_recognition_resnet_model_v1.dat.bz2",
            packed=True,
            package="face_recognition_models",
        ),
        Weights(
            name="dlib-landmarks",
            file="shape_predictor_5_face_landmarks.dat",
            sha256="c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
            size=9_150_489,
            licence="public domain (CC0)",
            purpose="any use: five landmarks a face, for alignment",
            source="https://dlib.net/files/shape_predictor_5_face_landmarks.dat.bz2",
            packed=True,
            package="face_recognition_models",
        ),
        Weights(
            name="yunet",
            file="face_detection_yunet_2023mar.onnx",
            sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
            size=232_589,
            licence="MIT",
            purpose="any use: face detection",
            source="https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/"
            "face_detection_yunet_2023mar.onnx",
        ),
        Weights(
            name="sface",
            file="face_recognition_sface_2021dec.onnx",
            sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
            size=38_696_353,
            licence="Apache-2.0",
            purpose="any use: face embeddings, 128 numbers a face",
            source="https://github.com/opencv/opencv_zoo/raw/47534e27c9851bb1128ccc0102f1145e27f23f98/models/face_recognition_sface/"
            "face_recognition_sface_2021dec.onnx",
        ),
        Weights(
            name="openface",
            file="openface_nn4.small2.v1.t7",
            sha256="9b72d54aeb24a64a8135dca8e792f7cc675c99a884a6940350a6cedcf7b7ba08",
            size=31_510_785,
            licence="Apache-2.0",
            purpose="any use: face embeddings, 128 numbers a face, SentinelCam's own",
            source="https://storage.cmusatyalab.org/openface-models/nn4.small2.v1.t7",
        ),
        Weights(
            name="mobilefacenet",
            file="w600k_mbf.onnx",
            sha256="9cc6e4a75f0e2bf0b1aed94578f144d15175f357bdc05e815e5c4a02b319eb4f",
            size=13_616_099,
            licence="non-commercial research",
            purpose="research only: face embeddings, 512 numbers a face",
            source="https://huggingface.co/immich-app/buffalo_s/resolve/main/recognition/model.onnx",
        ),
    )
}


def known(name: str) -> Weights:
    """Return the record of a weight file, by DeepThink's name for it or by its file's name.

    Raises
    ------
    WeightsError
        When the file is not one that DeepThink knows, and so will not load.

    Examples
    --------
    >>> known("dlib-resnet").licence
    'public domain (CC0)'
    """
    if "68_face_landmarks" in name:  # trained on iBUG 300-W, which excludes commercial use
        raise WeightsError(f"{name} is licensed for non-commercial use only and is never loaded; use 'dlib-landmarks'.")
    for each in KNOWN.values():
        if name in (each.name, each.file, Path(each.file).stem):
            return each
    raise WeightsError(f"No weight file {name!r} is known. Known: {', '.join(KNOWN)}.")
