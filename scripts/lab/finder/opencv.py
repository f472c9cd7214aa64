"""OpenCV's cascade of Haar features, as a second opinion and a clock to run beside."""

import numpy as np


def cascade():
    """OpenCV's detector of frontal faces, or a ValueError that says what to install."""
    try:
        import cv2

        return cv2.CascadeClassifier(
            f"{cv2.data.haarcascades}haarcascade_frontalface_default.xml")
    except (ImportError, AttributeError):
        raise ValueError("--opencv needs OpenCV 4 with its cascades: "
                         "pip install 'opencv-python-headless==4.11.*'") from None


def opencv_boxes(detector, picture, smallest=20):
    """Boxes (n, 5) of left, top, right, bottom, score: scale factor 1.1, three neighbours."""
    boxes, _, weights = detector.detectMultiScale3(
        picture, scaleFactor=1.1, minNeighbors=3, minSize=(smallest, smallest),
        outputRejectLevels=True)
    if not len(boxes):
        return np.empty((0, 5))
    boxes = np.asarray(boxes, float)
    return np.column_stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:], np.ravel(weights)])


def opencv_threads(n):
    import cv2

    cv2.setNumThreads(n)
