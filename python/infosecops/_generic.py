"""Generic classes without the import of typing, which is not worth its time here."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic, TypeVar

    Given = TypeVar("Given")
    T = TypeVar("T")
else:

    class Generic:
        """Stands for typing's: takes the parameters and forgets them."""

        def __class_getitem__(cls, _: object) -> type:
            return cls

    Given = T = None

__all__ = ["Generic", "Given", "T"]
