//! What every function does the same.
