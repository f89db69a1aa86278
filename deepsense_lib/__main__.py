"""The command line: doctor, speak, recognise, train, data.

Every fault that DeepSense foresees ends in one line on the standard error output and exit status 1.
"""

import argparse
import sys
from pathlib import Path

from deepsense_lib.errors import DeepSenseError, InputError


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0 well, 1 a fault, 2 a wrong call, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except DeepSenseError as error:
        print(f"deepsense: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("deepsense: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output went away, as `head` does.
        sys.stderr.close()
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deepsense", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    doctor = commands.add_parser("doctor", help="say what is installed and what to do about each fault")
    doctor.set_defaults(command=_doctor)

    speak = commands.add_parser("speak", help="speak a text into a sound file")
    speak.add_argument("text", help="the text, or - to read it from the standard input")
    speak.add_argument("-o", "--output", type=Path, required=True, help="a .wav, .flac, .ogg or .mp3 file")
    speak.add_argument("--speed", type=float, default=1.0, help="1 is the recordings' pace (default: 1)")
    speak.add_argument("--pitch", type=float, default=0.0, help="shift in semitones (default: 0)")
    speak.set_defaults(command=_speak)

    recognise = commands.add_parser("recognise", help="say which expression a face in an image resembles")
    recognise.add_argument("image", type=Path, help="a .png, .jpg, .webp, .bmp or .tiff file")
    recognise.set_defaults(command=_recognise)

    train = commands.add_parser("train", help="train a model by its recipe; an interrupted run goes on")
    train.add_argument("name", help="the recipe; `list` prints the names")
    train.add_argument("--scale", choices=("lesson", "reference"), default="lesson")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument(
        "-o", "--output", type=Path, default=None, help="folder (default: runs/NAME-SCALE-SEED)"
    )
    train.add_argument("--restart", action="store_true", help="do not resume: begin anew")
    train.set_defaults(command=_train)

    data = commands.add_parser("data", help="look after the shipped data")
    data_commands = data.add_subparsers(required=True, metavar="COMMAND")
    verify = data_commands.add_parser("verify", help="compare every shipped file with its SHA-256")
    verify.set_defaults(command=_data_verify)
    return parser


def _doctor(options: argparse.Namespace) -> int:
    from deepsense_lib.doctor import examine

    findings = examine()
    print(*findings, sep="\n")
    faults = sum(not finding.well for finding in findings)
    print("All is well." if not faults else f"{faults} of {len(findings)} findings need attention.")
    return 1 if faults else 0


def _speak(options: argparse.Namespace) -> int:
    from deepsense_lib.speech import audio

    audio.check_output(options.output)
    from deepsense_lib.pipelines import speak

    samples, rate = speak(_read_text(options.text), speed=options.speed, pitch=options.pitch)
    audio.save(options.output, samples, rate, synthetic=True)
    print(f"{options.output}: {len(samples) / rate:.1f} s of synthetic speech")
    return 0


def _read_text(argument: str) -> str:
    if argument != "-":
        return argument
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"the standard input is not UTF-8 text ({error}). Save the text as UTF-8."
        ) from error


def _recognise(options: argparse.Namespace) -> int:
    from deepsense_lib.faces.images import load_image

    pixels = load_image(options.image)
    from deepsense_lib.pipelines import recognise

    for number, face in enumerate(recognise(pixels), start=1):
        ranked = sorted(face.probabilities.items(), key=lambda item: -item[1])
        scores = ", ".join(f"{name} {score:.0%}" for name, score in ranked)
        print(f"face {number} at {face.box}: {scores}")
    print("These are movements of a face, not feelings. Use it on your own face or on synthetic ones only.")
    return 0


def _train(options: argparse.Namespace) -> int:
    from deepsense_lib.training import recipes

    if options.name == "list":
        print(*recipes.names(), sep="\n")
        return 0
    result = recipes.run(
        options.name,
        scale=options.scale,
        seed=options.seed,
        out=options.output,
        resume=not options.restart,
    )
    folder = options.output or Path("runs") / f"{options.name}-{options.scale}-{options.seed}"
    # A recipe that trains several models returns a dict of runs.
    done = list(result.values()) if isinstance(result, dict) else [result]
    steps, seconds = sum(run.step for run in done), sum(run.cpu_seconds for run in done)
    print(f"done: {steps} steps, {seconds:.0f} CPU-seconds. The weights are in {folder}")
    return 0


def _data_verify(options: argparse.Namespace) -> int:
    from deepsense_lib.datasets import registry

    faults = []
    for folder in registry.shipped_sets():
        found = registry.verify(folder)
        faults += found
        state = "damaged" if found else "verified"
        print(f"{folder.relative_to(registry.data_dir()).as_posix()}: {state}")
    for fault in faults:
        print(f"  {fault}", file=sys.stderr)
    if faults:
        print("Restore the named files with `git checkout -- data`.", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
