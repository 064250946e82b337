//! How a command ends.

use std::fmt::Display;
use std::process::ExitCode;

use state::{SecretError, StateError};
use transport::Fault;
use workflow::{OpenError, Trouble};

/// The exit codes that scripts rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Some people failed or are held; the rest is done.
    Some = 1,
    /// Configuration or usage.
    Configuration = 2,
    /// A key refused, a vendor or the store out of reach.
    Away = 3,
}

impl Exit {
    /// For the shell.
    pub fn code(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}

/// Why a command ended early, for a person to read.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// One or more complaints, shown with their place in the file where they have one.
    complaint: Complaint,
}

#[derive(Debug)]
enum Complaint {
    Words(String),
    InFile(Vec<miette::Report>),
}

impl Failure {
    /// A failure in a sentence that says what to do.
    pub fn new(exit: Exit, words: impl Display) -> Failure {
        Failure { exit, complaint: Complaint::Words(words.to_string()) }
    }

    /// A usage fault.
    pub fn usage(words: impl Display) -> Failure {
        Failure::new(Exit::Configuration, words)
    }

    /// The keys that HR systems refused, if there are any: what could be done without them is done.
    pub fn of_refusals(refusals: &[Trouble]) -> Option<Failure> {
        let lines: Vec<String> = refusals.iter().map(Trouble::to_string).collect();
        (!lines.is_empty()).then(|| Failure::new(Exit::Away, lines.join("\nhirewire: ")))
    }

    /// Faults with their place in a file.
    pub fn in_file(reports: Vec<miette::Report>) -> Failure {
        Failure { exit: Exit::Configuration, complaint: Complaint::InFile(reports) }
    }

    /// Tells the person.
    pub fn print(&self) {
        match &self.complaint {
            Complaint::Words(words) => eprintln!("hirewire: {words}"),
            Complaint::InFile(reports) => {
                for report in reports {
                    eprintln!("{report:?}");
                }
            }
        }
    }
}

/// In a line of findings. Faults with a place in a file are printed with it, and only counted here.
impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.complaint {
            Complaint::Words(words) => f.write_str(words),
            Complaint::InFile(reports) => write!(f, "{} faults in the file; see `hirewire check`", reports.len()),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        let exit = match fault {
            Fault::KeyRefused { .. }
            | Fault::Unavailable { .. }
            | Fault::RateLimited { .. }
            | Fault::Unsure { .. }
            | Fault::Malformed { .. } => Exit::Away,
            Fault::Rejected { .. } | Fault::NotFound { .. } => Exit::Some,
        };
        Failure::new(exit, fault)
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Failure {
        Failure::new(Exit::Away, error)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Failure {
        match trouble {
            Trouble::Vendor(fault) => fault.into(),
            Trouble::HrKeyRefused { .. } => Failure::new(Exit::Away, trouble),
            Trouble::State(error) => error.into(),
            Trouble::NoConnection(_) => Failure::usage(trouble),
        }
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Failure {
        Failure::usage(error)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Failure {
        match error {
            OpenError::Secret(error) => error.into(),
            OpenError::State(error) => error.into(),
        }
    }
}
