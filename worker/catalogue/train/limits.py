"""What is learnt from at most: every bound of the job type in one place."""

from typing import Final

#: Fewer rows with a target give no split that says anything.
MIN_ROWS: Final = 20
#: Rows that are learnt from and tested on; of more a sample is drawn.
MAX_ROWS: Final = 200_000
#: Rows times inputs of the prepared table: 128 MB of it, and as much again while it is made.
MAX_CELLS: Final = 16_000_000
#: Classes of one target.
MAX_CLASSES: Final = 100
#: A class with fewer rows cannot stand in all three parts.
MIN_CLASS_ROWS: Final = 3
#: A column of words becomes so many inputs at most; its rarer words share one.
MAX_CATEGORIES: Final = 30
#: A column of more different words tells rows apart, and teaches nothing.
MAX_WORDS: Final = 1_000
#: Rows that every epoch is judged by, of the training part and of the validation part.
JUDGED_ROWS: Final = 5_000
#: Rows of the last test.
TEST_ROWS: Final = 20_000
#: Leaves of one tree of a forest: a tree of deep leaves learns the rows by heart and weighs megabytes.
MAX_LEAVES: Final = 256
#: Trees that one epoch adds. Boosting makes one for each of several classes at once: twice as many, or one each.
TREES_PER_EPOCH: Final = 5
#: Trees of one model: packing them takes time that grows with their square.
MAX_TREES: Final = 2_000
#: Bytes of a model that are kept between two epochs. Twice that, in base64, is what a job may keep.
MAX_KEPT_BYTES: Final = 5_500_000
#: Seconds of training that a crash costs at most, where an epoch takes less.
KEEP_SECONDS: Final = 1.0
#: Classes that a confusion matrix is drawn of, points of a picture of residuals, and columns told by name.
DRAWN_CLASSES: Final = 20
DRAWN_POINTS: Final = 2_000
NAMED_COLUMNS: Final = 50
