"""dn_status as exceptions."""


class Error(Exception):
    """An error of the library; the text is its message."""


class ArgumentError(Error, ValueError):
    """A wrong call."""


class ConfigError(Error, ValueError):
    """An unknown configuration key or a value out of range."""


class FileError(Error, OSError):
    """A file cannot be opened, read or written."""


class FormatError(Error, ValueError):
    """A file does not have the expected format."""


class DataError(Error, ValueError):
    """A data set lacks what the task needs."""


class OutOfMemory(Error, MemoryError):
    """The library ran out of memory."""


class NumericError(Error, ArithmeticError):
    """NaN or infinity."""


class Unsupported(Error, NotImplementedError):
    """Not in this build or on this machine."""


class Cancelled(Error):
    """The progress callback asked to stop."""


#: By the number of dn_status, from 1 on.
BY_STATUS = (
    ArgumentError,
    ConfigError,
    FileError,
    FormatError,
    DataError,
    OutOfMemory,
    NumericError,
    Unsupported,
    Cancelled,
)
