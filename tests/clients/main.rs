//! The product's clients against the simulators, call by call. Whole stories are told in `stories`.

mod bamboohr_sites;
mod bamboohr_time_off;
mod jumpcloud_accounts;
mod jumpcloud_devices;
mod resting;
