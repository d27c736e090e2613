"""How much one batch may be: what a sender can ask for never exceeds what a worker's disk and memory have to hold."""

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

#: Files of one batch. The records of so many fit what a job may keep (16 MiB) several times over.
MAX_FILES = 10_000
#: Uploads that one job names one by one: as many as a body of 60,000 bytes holds, with room for the rest.
MAX_UPLOADS = 1_000
#: Everything that an archive holds besides: folders, links.
MAX_MEMBERS = 5 * MAX_FILES
#: Bytes of one file, and of all of them together, as they are once unpacked.
MAX_FILE_BYTES, MAX_BATCH_BYTES = GIB, 8 * GIB
#: What one result may be, and all of them together.
MAX_RESULT_BYTES, MAX_RESULTS_BYTES = GIB, 8 * GIB
#: Unpacked bytes for one packed, from so many unpacked bytes on: text packs 1:10, logs 1:50, only a bomb 1:1000.
MAX_RATIO, RATIO_FROM_BYTES = 200, 16 * MIB
#: The directory of a zip, which is read into memory whole: 400 bytes for each of the most files.
MAX_DIRECTORY_BYTES = 4 * MIB
#: What is read of a tar in one go: its headers of names can claim any size.
MAX_HEADER_BYTES = MIB
#: What a packed stream may want of memory to be unpacked (xz).
MAX_WINDOW_BYTES = 128 * MIB
#: Characters of a path in an archive, a folder or a URL.
MAX_PATH = 1_000
#: Folders of a URL that are looked into, and the size of a page that lists one.
MAX_FOLDERS, MAX_PAGE_BYTES = 1_000, 8 * MIB

#: What one process that works on a file may hold in memory.
HAND_BYTES = 2 * GIB

#: Results that are kept at one: whichever of these is reached first.
PART_FILES, PART_BYTES, PART_SECONDS = 50, 16 * MIB, 1.0

#: Bytes read at a time; between two reads a cancel is seen.
CHUNK = 256 * KIB
