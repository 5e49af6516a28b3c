//! HTTP to AWS: signatures, and connections that are given up when they break, so that the last try of a request goes over
//! a fresh one.

pub(crate) mod last_try;
pub(crate) mod reconnector;
pub(crate) mod signer;
