#pragma once

/// One function a subcommand, each in a file of its own. They glue: options to structs, structs to the libraries,
/// results to stdout. `argc`/`argv` start at the subcommand's name. They return the exit code or throw alsace::Error.
namespace alsace::commands {

int import(int argc, char** argv);
int split(int argc, char** argv);
int train(int argc, char** argv);
int evaluate(int argc, char** argv);
int recommend(int argc, char** argv);
int similar(int argc, char** argv);
int serve(int argc, char** argv);
int inspect(int argc, char** argv);
int verify(int argc, char** argv);
int export_model(int argc, char** argv);
int synth(int argc, char** argv);
int plan(int argc, char** argv);

}  // namespace alsace::commands
