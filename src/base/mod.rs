//! What the layers above stand on, and what knows nothing of them. `os` and `arch` are leaves: they use nothing else of the crate, and only
//! there does the source ask for which system or processor it is compiled.

pub mod arch;
pub mod hash;
pub mod invariant;
pub mod mem;
pub mod os;
pub mod sync;
