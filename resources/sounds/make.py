"""Makes the sounds in this folder, from nothing but sine waves: `python -m resources.sounds.make`.

Each is under a second, mono, 16 bit, 22,050 Hz. Two partials a note and a quick attack with a slow decay make a soft
bell rather than a beep.
"""

import math
import struct
import wave
from pathlib import Path
from typing import Final

RATE: Final = 22_050
PEAK: Final = 0.5
ATTACK_S: Final = 0.008

# Notes are (start in seconds, frequency in Hz, length in seconds). Rising is good news, falling is bad.
SOUNDS: Final[dict[str, tuple[tuple[float, float, float], ...]]] = {
    "new_order": ((0.0, 659.26, 0.35), (0.16, 880.0, 0.5)),
    "confirmed": ((0.0, 523.25, 0.3), (0.1, 659.26, 0.4)),
    "preparing": ((0.0, 587.33, 0.45),),
    "ready": ((0.0, 523.25, 0.3), (0.13, 659.26, 0.3), (0.26, 783.99, 0.6)),
    "out_for_delivery": ((0.0, 587.33, 0.3), (0.12, 783.99, 0.45)),
    "completed": ((0.0, 783.99, 0.3), (0.12, 1046.5, 0.5)),
    "cancelled": ((0.0, 493.88, 0.35), (0.18, 392.0, 0.55)),
}


def samples(notes: tuple[tuple[float, float, float], ...]) -> list[float]:
    """The sound as samples between -1 and 1."""
    total = [0.0] * int(RATE * max(start + length for start, _, length in notes))
    for start, frequency, length in notes:
        first = int(start * RATE)
        for n in range(int(length * RATE)):
            t = n / RATE
            envelope = min(1.0, t / ATTACK_S) * math.exp(-5.0 * t / length) * (1 - t / length)
            tone = math.sin(math.tau * frequency * t) + 0.3 * math.sin(math.tau * 2 * frequency * t)
            if first + n < len(total):
                total[first + n] += envelope * tone
    loudest = max(abs(value) for value in total)
    return [PEAK * value / loudest for value in total]


def write(path: Path, notes: tuple[tuple[float, float, float], ...]) -> None:
    values = samples(notes)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(values)}h", *(round(32_767 * value) for value in values)))


def main() -> None:
    for name, notes in SOUNDS.items():
        write(Path(__file__).with_name(f"{name}.wav"), notes)


if __name__ == "__main__":
    main()
