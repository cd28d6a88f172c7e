@echo off
rem The exercises on Windows: learn, learn EX=01_dense, learn LIST=1, learn LANG=zh ... in cmd.exe or
rem PowerShell (.\learn). Needs gcc, clang or tcc on the PATH: docs/en/C_setup.md.
setlocal
cd /d "%~dp0"
if not exist build mkdir build
if not exist build\learn mkdir build\learn
if not defined CC set CC=gcc
%CC% --version >nul 2>nul
if errorlevel 1 set CC=clang
%CC% --version >nul 2>nul
if errorlevel 1 set CC=tcc
%CC% -O1 examples\exercises\learn.c -o build\learn\learn.exe
if not exist build\learn\learn.exe exit /b 2
build\learn\learn.exe %*
