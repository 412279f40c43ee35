@echo off
rem The Makefile's targets for Windows, with nothing but Python 3.11 or newer:  make demo   make test   make check
setlocal
cd /d "%~dp0"
if not defined PYTHON set PYTHON=py -3
rem The Makefile's SYSTEM has nothing to do here: no target needs more of Windows than Python. Without PostgreSQL's
rem initdb on the PATH the tests run on SQLite alone and say so.
rem Bytecode is kept, as the Makefile says.
set PYTHONDONTWRITEBYTECODE=
set RUN=.venv\Scripts\python.exe
set TARGET=%1
if "%TARGET%"=="" (echo make setup ^| demo ^| test ^| quick ^| check ^| format ^| bench ^| drill ^| fuzz ^| recipes ^| audit & exit /b 2)

%PYTHON% -c "import sys; sys.exit(sys.version_info < (3, 11))" || (
    echo Orderbell needs Python 3.11 or newer: https://www.python.org/downloads/
    exit /b 1
)
if not exist %RUN% %PYTHON% -m venv .venv || exit /b 1
fc /b constraints.txt .venv\constraints.txt >nul 2>&1 && fc /b pyproject.toml .venv\pyproject.toml >nul 2>&1 || (
    echo Setting up .venv ^(a minute the first time^)...
    %RUN% -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt || exit /b 1
    %RUN% -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . || exit /b 1
    copy /y constraints.txt .venv >nul
    copy /y pyproject.toml .venv >nul
)
for /f "tokens=1,*" %%a in ("%*") do set REST=%%b
if "%TARGET%"=="setup" exit /b 0
if "%TARGET%"=="demo" (%RUN% -m core.ui.preflight && .venv\Scripts\orderbell.exe demo %REST% & exit /b)
if "%TARGET%"=="test" (%RUN% -m core.ui.preflight && %RUN% -m pytest -n 6 --dist worksteal %REST% & exit /b)
if "%TARGET%"=="quick" (%RUN% -m core.ui.preflight && %RUN% -m pytest -n 6 --dist worksteal -m "not slow" tests/architecture tests/unit tests/models tests/widgets %REST% & exit /b)
if "%TARGET%"=="check" (
    %RUN% -m ruff check . && %RUN% -m ruff format --check . && %RUN% -m mypy && .venv\Scripts\lint-imports.exe && %RUN% -m tests.long_files && %RUN% -m core.ui.preflight && %RUN% -m pytest -n 6 --dist worksteal
    exit /b
)
if "%TARGET%"=="format" (%RUN% -m ruff check --fix . & %RUN% -m ruff format . & exit /b)
if "%TARGET%"=="bench" (%RUN% -m benchmarks %REST% & exit /b)
if "%TARGET%"=="drill" (%RUN% -m tests.drill --seeds 2 %REST% & exit /b)
if "%TARGET%"=="fuzz" (%RUN% -m tests.fuzz %REST% & exit /b)
if "%TARGET%"=="recipes" (%RUN% -m tests.recipes %REST% & exit /b)
if "%TARGET%"=="audit" (%RUN% -m tests.audit & exit /b)
echo There is no target %TARGET%.
exit /b 2
