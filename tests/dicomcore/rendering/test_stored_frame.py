import pickle
import sys
from subprocess import run

from builders import ct_dataset

from dicomcore.data import EXPLICIT_VR_LITTLE_ENDIAN, read_dataset
from dicomcore.rendering import StoredFrame, describe


def test_a_stored_frame_travels_without_the_archive() -> None:
    description = describe(read_dataset(ct_dataset(), EXPLICIT_VR_LITTLE_ENDIAN)).frame(1)
    frame = StoredFrame(bytes(32), "1.2.840.10008.1.2.1", 1, description)
    program = "import pickle, sys; pickle.loads(sys.stdin.buffer.read()); print('sqlalchemy' in sys.modules)"
    done = run([sys.executable, "-c", program], input=pickle.dumps(frame), capture_output=True, check=True)
    assert done.stdout.strip() == b"False"
