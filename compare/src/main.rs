//! `make compare`: puts what tutorials show and Chatterbox through the same chaos, and prints what each loses.

use clap::Parser;
use compare::{Plan, Result, Side, run, table};
use std::{io::Write, time::Duration};

/// Puts what tutorials show and Chatterbox through the same chaos, and prints what each loses.
#[derive(Debug, Parser)]
struct Arguments {
    /// What decides about everything that happens
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long there is chaos, in seconds, for each of the two
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { seed, seconds } = Arguments::parse();
    let plan = Plan::new(seed, Duration::from_secs(seconds));
    let programs = std::env::current_exe()?;
    let programs = programs.parent().ok_or("this program is in no folder")?;
    say(&format!(
        "Chaos for {seconds} s, by seed {seed}: {} updates for {} pages of {} logins. Meanwhile sockets are cut and closed, pages\n\
         are loaded again, posts are answered 410, 429 or 500, lost or delayed, functions are killed and called again.\n\
         Then calm: whoever has lost a socket opens another, and the pages' clocks are put a quarter of an hour ahead.",
        plan.update_count(),
        plan.page_count(),
        plan.login_count(),
    ))?;
    say("The tutorial's three functions and its page ...")?;
    let tutorial = run(Side::Tutorial, &plan, programs).await?;
    say("Chatterbox's five functions and its page ...")?;
    let chatterbox = run(Side::Chatterbox, &plan, programs).await?;
    say(&format!("\n{}", table(&tutorial, &chatterbox)))?;
    if chatterbox.keeps_the_promise() {
        Ok(())
    } else {
        Err(format!("Chatterbox has broken its promise: {chatterbox:?}").into())
    }
}

fn say(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
