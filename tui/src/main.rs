//! `paillasse`: the workstation and the command line.

fn main() -> std::process::ExitCode {
    paillasse::cli::main()
}
