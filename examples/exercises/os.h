/* os.h - what the exercises need of the system: run a program with limits, look at files, the
   console. The only place that knows POSIX from Windows. Paths and texts are UTF-8.

     os_start, os_wait   a program in the background; os_run does both
     os_list             the names in a directory        os_time    when a file was changed
     os_box              where what is run may write
     os_mkdir, os_remove, os_temp                        os_seconds, os_sleep, os_cores
     os_console          UTF-8 on the console, and back again at exit
     os_line             a line typed by the user, without waiting for one
     os_chinese          does the user read Chinese?                                         */
#ifndef OS_H_INCLUDED
#define OS_H_INCLUDED

#if !defined(_WIN32) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE                      /* wait4 and unshare */
#endif
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#ifdef _WIN32
#include <windows.h>
#include <direct.h>
#include <io.h>
#else
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#ifdef __has_include
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#define OS_LANDLOCK                      /* files can be kept from a process */
#define OS_TRUNCATE (1u << 14)           /* LANDLOCK_ACCESS_FS_TRUNCATE, which older headers lack */
#endif
#endif
#endif
#endif

enum { OS_WORDS = 64, OS_PATH = 1024 };

/* What is to be run, and how far it may go; 0: as far as it likes. */
typedef struct os_program {
    const char *word[OS_WORDS];          /* the program and its arguments; NULL ends them      */
    const char *out;                     /* stdout and stderr go into this file; NULL: ours    */
    double      cpu, wall;               /* seconds                                            */
    long        memory;                  /* MB                                                 */
    const char *jail;                    /* run here as somebody who may do little; or NULL    */
    bool        alone;                   /* in a jail: no second process, no network           */
    const char *home, *look[8];          /* write here only (in a jail: there); look at these  */
} os_program;

typedef enum os_end { OS_EXITED, OS_CRASHED, OS_SLOW, OS_NOT_FOUND } os_end;
typedef struct os_job {
    os_end end;
    int    code;                         /* exit code, or the signal (Windows: exception) number */
    double wall, deadline;
#ifdef _WIN32
    HANDLE process, job;
    double cpu;
#else
    pid_t  pid;
#endif
} os_job;

static inline double os_seconds(void);
static inline void os_start(os_job *j, const os_program *p);
static inline bool os_done(os_job *j);   /* has it ended? Then end and code are known */
static inline void os_sleep(int ms);

static inline void os_wait(os_job *j) { while (!os_done(j)) os_sleep(2); }
static inline os_job os_run(const os_program *p) {
    os_job j;
    os_start(&j, p);
    os_wait(&j);
    return j;
}

/* In a directory that os_temp made: the place of what is run. */
static inline void os_box(char *box, const char *dir) {
    snprintf(box, OS_PATH, "%.1000s/box", dir);
}

/* Several names in one array, sorted. */
typedef struct os_names { char (*name)[256]; int count; } os_names;
static inline int os_compare(const void *a, const void *b) { return strcmp(a, b); }
static inline void os_names_add(os_names *n, const char *name) {
    if (strlen(name) > 255) return;
    if (n->count % 64 == 0) n->name = realloc(n->name, (size_t)(n->count + 64) * 256);
    if (n->name == NULL) exit(3);
    strcpy(n->name[n->count++], name);
}

static inline double os_time(const char *path) {
    struct stat s;
    if (stat(path, &s) != 0) return 0;
#if defined(__linux__)
    return (double)s.st_mtim.tv_sec + 1e-9 * (double)s.st_mtim.tv_nsec;
#else
    return (double)s.st_mtime;
#endif
}

/* 'f' a file, 'd' a directory, 0 anything else: a link, or nothing. */
static inline char os_kind(const char *path) {
    struct stat s;
#ifdef _WIN32
    if (stat(path, &s) != 0) return 0;
    return (s.st_mode & _S_IFMT) == _S_IFDIR ? 'd' : 'f';
#else
    if (lstat(path, &s) != 0) return 0;
    return S_ISDIR(s.st_mode) ? 'd' : S_ISREG(s.st_mode) ? 'f' : 0;
#endif
}

#ifdef _WIN32
/* ----------------------------------------------------------------------------- Windows ---- */

#ifndef ENABLE_VIRTUAL_TERMINAL_PROCESSING
#define ENABLE_VIRTUAL_TERMINAL_PROCESSING 4
#endif

static inline double os_seconds(void) {
    LARGE_INTEGER t, f;
    QueryPerformanceCounter(&t);
    QueryPerformanceFrequency(&f);
    return (double)t.QuadPart / (double)f.QuadPart;
}
static inline void os_sleep(int ms) { Sleep((DWORD)ms); }
static inline int os_cores(void) {
    SYSTEM_INFO s;
    GetSystemInfo(&s);
    return (int)s.dwNumberOfProcessors;
}
static inline void os_mkdir(const char *path) { _mkdir(path); }
static inline wchar_t *os_wide(const char *text) {
    const int n = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *w = malloc((size_t)n * sizeof *w);
    if (w == NULL) exit(3);
    MultiByteToWideChar(CP_UTF8, 0, text, -1, w, n);
    return w;
}
static inline os_names os_list_all(const char *dir) {
    os_names n = {NULL, 0};
    char pattern[OS_PATH];
    WIN32_FIND_DATAA f;
    snprintf(pattern, sizeof pattern, "%s/*", dir);
    HANDLE h = FindFirstFileA(pattern, &f);
    if (h == INVALID_HANDLE_VALUE) return n;
    do os_names_add(&n, f.cFileName); while (FindNextFileA(h, &f));
    FindClose(h);
    qsort(n.name, (size_t)n.count, 256, os_compare);
    return n;
}
/* A directory of our own, with a box for what is run; in the build directory, since nobody is shut
   out here. */
static inline void os_temp(char *path, size_t size) {
    snprintf(path, size, "build/learn/run-%lu", (unsigned long)GetCurrentProcessId());
    char box[OS_PATH];
    os_mkdir(path);
    os_box(box, path);
    os_mkdir(box);
}

/* Words that hold spaces or quotes, as CommandLineToArgvW takes them apart. */
static inline void os_quote(char *line, size_t size, const char *word) {
    size_t n = strlen(line);
    const bool plain = *word != 0 && strpbrk(word, " \t\"") == NULL;
    n += (size_t)snprintf(line + n, size - n, n > 0 ? " %s" : "%s", plain ? "" : "\"");
    for (; *word && n + 4 < size; word++) {
        if (*word == '"') line[n++] = '\\';
        line[n++] = *word;
    }
    if (!plain) line[n++] = '"';
    line[n] = 0;
}
static inline void os_start(os_job *j, const os_program *p) {
    char line[8192] = "";
    for (int i = 0; p->word[i]; i++) {
        char word[OS_PATH];
        snprintf(word, sizeof word, "%s", p->word[i]);
        if (i == 0)
            for (char *c = word; *c; c++)
                if (*c == '/') *c = '\\';
        os_quote(line, sizeof line, word);
    }
    memset(j, 0, sizeof *j);
    STARTUPINFOW s;
    PROCESS_INFORMATION info;
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    memset(&s, 0, sizeof s);
    s.cb = sizeof s;
    HANDLE file = INVALID_HANDLE_VALUE;
    if (p->out) {
        file = CreateFileA(p->out, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit,
                           CREATE_ALWAYS, 0, NULL);
        s.dwFlags = STARTF_USESTDHANDLES;
        s.hStdOutput = s.hStdError = file;
        s.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    }
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);      /* no window at a crash */
    wchar_t *wide = os_wide(line);
    const BOOL ok = CreateProcessW(NULL, wide, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &s,
                                   &info);
    free(wide);
    if (file != INVALID_HANDLE_VALUE) CloseHandle(file);
    j->deadline = p->wall > 0 ? os_seconds() + p->wall : 0;
    j->end = OS_NOT_FOUND;
    if (!ok) return;
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limit;
    memset(&limit, 0, sizeof limit);
    limit.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    if (p->cpu > 0) {
        limit.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_TIME;
        limit.BasicLimitInformation.PerProcessUserTimeLimit.QuadPart = (LONGLONG)(p->cpu * 1e7);
    }
    if (p->memory > 0) {
        limit.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_MEMORY;
        limit.ProcessMemoryLimit = (SIZE_T)p->memory << 20;
    }
    if (p->jail && p->alone) {
        limit.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
        limit.BasicLimitInformation.ActiveProcessLimit = 1;
    }
    j->job = CreateJobObjectA(NULL, NULL);
    SetInformationJobObject(j->job, JobObjectExtendedLimitInformation, &limit, sizeof limit);
    AssignProcessToJobObject(j->job, info.hProcess);
    ResumeThread(info.hThread);
    CloseHandle(info.hThread);
    j->process = info.hProcess;
    j->cpu = p->cpu;
    j->end = OS_EXITED;
}
static inline bool os_done(os_job *j) {
    if (j->process == NULL) return true;
    FILETIME made, ended, kernel, user;
    const bool over = j->deadline > 0 && os_seconds() > j->deadline;
    if (over) TerminateJobObject(j->job, 1);
    if (WaitForSingleObject(j->process, over ? INFINITE : 0) != WAIT_OBJECT_0) return false;
    DWORD code = 0;
    GetExitCodeProcess(j->process, &code);
    GetProcessTimes(j->process, &made, &ended, &kernel, &user);
    const double cpu = 1e-7 * ((double)user.dwHighDateTime * 4294967296.0 +
                               (double)user.dwLowDateTime);
    j->code = (int)code;
    j->end = over || (j->cpu > 0 && code != 0 && cpu > .9 * j->cpu) ? OS_SLOW
             : code >= 0xC0000000u ? OS_CRASHED : OS_EXITED;
    CloseHandle(j->process);
    CloseHandle(j->job);
    j->process = NULL;
    return true;
}

static inline bool os_can_stay_in(void) { return false; }
static inline bool os_can_be_alone(void) { return false; }

static UINT os_page_before;
static DWORD os_mode_before;
static inline void os_console_restore(void) {
    SetConsoleOutputCP(os_page_before);
    SetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), os_mode_before);
}
static inline void os_console(void) {
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    os_page_before = GetConsoleOutputCP();
    if (os_page_before == 0 || !GetConsoleMode(out, &os_mode_before)) return;
    SetConsoleOutputCP(CP_UTF8);
    SetConsoleMode(out, os_mode_before | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
    atexit(os_console_restore);
}
static inline bool os_terminal(void) { return _isatty(0) && _isatty(1); }
static inline bool os_line(char *line, int size, int ms) {
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
    INPUT_RECORD r;
    DWORD n = 0;
    if (WaitForSingleObject(in, (DWORD)ms) != WAIT_OBJECT_0) return false;
    if (!PeekConsoleInputW(in, &r, 1, &n) || n == 0) return false;
    if (r.EventType != KEY_EVENT || !r.Event.KeyEvent.bKeyDown ||
        r.Event.KeyEvent.uChar.UnicodeChar == 0) {       /* no character (Alt, say): throw away */
        ReadConsoleInputW(in, &r, 1, &n);
        return false;
    }
    return fgets(line, size, stdin) != NULL;
}
static inline bool os_chinese(void) { return (GetUserDefaultUILanguage() & 0x3ff) == LANG_CHINESE; }

#else
/* ------------------------------------------------------------------------------- POSIX ---- */

static inline double os_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
static inline void os_sleep(int ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&t, NULL);
}
static inline int os_cores(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }
static inline void os_mkdir(const char *path) { mkdir(path, 0755); }
static inline os_names os_list_all(const char *dir) {
    os_names n = {NULL, 0};
    DIR *d = opendir(dir);
    if (d == NULL) return n;
    for (struct dirent *e; (e = readdir(d)) != NULL;) os_names_add(&n, e->d_name);
    closedir(d);
    qsort(n.name, (size_t)n.count, 256, os_compare);
    return n;
}

/* A directory of our own, with a box for what is run: there alone may it write, for who writes
   beside us could put a link where we write next. When we are root the box belongs to somebody who
   owns nothing else, and runs what is in the directory. */
static inline void os_temp(char *path, size_t size) {
    const char *tmp = geteuid() ? getenv("TMPDIR") : NULL;              /* root's may be closed   */
    snprintf(path, size, "%s/dl-learn-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    umask(022);                                 /* whom we run as must be able to read what is here */
    if (mkdtemp(path) == NULL) {
        perror(path);
        exit(3);
    }
    const uid_t nobody = 60000 + (uid_t)getpid() % 5000;
    char box[OS_PATH];
    os_box(box, path);
    if (mkdir(box, 0700) != 0) perror(box);
    if (geteuid() == 0 && (chmod(path, 0711) != 0 || chown(box, nobody, nobody) != 0)) perror(path);
}

static inline void os_limit(int what, double value) {
    struct rlimit l;
    l.rlim_cur = (rlim_t)value;
    l.rlim_max = (rlim_t)value + (what == RLIMIT_CPU ? 1 : 0);
    setrlimit(what, &l);
}

/* From here on this process may do what it likes below dir, read and run what belongs to the system
   and what is in look (up to a NULL), and touch no other file. Linux 5.13 and later; elsewhere
   nothing happens. */
static inline bool os_stay_in(const char *dir, const char *const *look_at) {
#if defined(OS_LANDLOCK) && defined(SYS_landlock_create_ruleset)
    static const char *const system[] = {"/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/dev"};
    struct landlock_ruleset_attr rules;
    struct landlock_path_beneath_attr below;
    memset(&rules, 0, sizeof rules);
    memset(&below, 0, sizeof below);
    const unsigned look = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                          LANDLOCK_ACCESS_FS_READ_DIR;
    rules.handled_access_fs = look | LANDLOCK_ACCESS_FS_WRITE_FILE |
        LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
        LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
        LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
        LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 3)
        rules.handled_access_fs |= OS_TRUNCATE;                         /* Linux 6.2 and later */
    const int set = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
    const size_t systems = sizeof system / sizeof *system;
    bool ok = set >= 0;
    for (size_t i = 0; ok && (i <= systems || (look_at && look_at[i - systems - 1])); i++) {
        const char *path = i < systems ? system[i] : i == systems ? dir : look_at[i - systems - 1];
        below.allowed_access = i == systems ? rules.handled_access_fs
                             : os_kind(path) == 'f' ? look & ~LANDLOCK_ACCESS_FS_READ_DIR : look;
        below.parent_fd = open(path, O_PATH | O_CLOEXEC);
        if (below.parent_fd < 0) { ok = i != systems; continue; }
        ok = syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &below, 0) == 0;
        close(below.parent_fd);
    }
    ok = ok && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_landlock_restrict_self, set, 0) == 0;
    if (set >= 0) close(set);
    return ok;
#else
    (void)dir;
    (void)look_at;
    return false;
#endif
}

/* Can this system do that? */
static inline bool os_can_stay_in(void) {
#if defined(OS_LANDLOCK) && defined(SYS_landlock_create_ruleset)
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
#else
    return false;
#endif
}

/* Can it keep a process from the network? */
static inline bool os_can_be_alone(void) {
    int status = 1;
#ifdef __linux__
    const int apart = CLONE_NEWNET | CLONE_NEWPID;
    const pid_t p = fork();
    if (p == 0)
        _exit(unshare(apart) != 0 && (geteuid() == 0 || unshare(CLONE_NEWUSER | apart) != 0));
    if (p < 0 || waitpid(p, &status, 0) != p) return false;
#endif
    return status == 0;
}

#ifdef __linux__
/* No network, and no other process to be seen or killed: this one stays behind, and ends as its
   child in there ends, which it kills after so many seconds: it could leave our group of processes,
   which os_done kills. Where namespaces are not allowed, nothing happens. Root takes no namespace
   of users: in there it would not see that it is root, and would remain it. */
static pid_t os_inside;
static inline void os_end_inside(int signal_number) {
    (void)signal_number;
    kill(os_inside, SIGKILL);
}
static inline void os_be_alone(double wall) {
    const int apart = CLONE_NEWNET | CLONE_NEWPID;
    if (unshare(apart) != 0 && (geteuid() == 0 || unshare(CLONE_NEWUSER | apart) != 0)) return;
    int status = 0;
    os_inside = fork();
    if (os_inside == 0) return;
    if (os_inside < 0) _exit(126);
    signal(SIGALRM, os_end_inside);
    alarm((unsigned)wall);
    while (waitpid(os_inside, &status, 0) < 0 && errno == EINTR) {}
    if (WIFSIGNALED(status)) raise(WTERMSIG(status));
    _exit(WEXITSTATUS(status));
}
#endif

/* Between fork and exec: limits first, then who we are, last what can no longer be undone. */
static inline void os_become(const os_program *p) {
    if (p->out) {
        const int f = open(p->out, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (f >= 0) { dup2(f, 1); dup2(f, 2); close(f); }
    }
    const int null = open("/dev/null", O_RDONLY);
    if (null > 0) { dup2(null, 0); close(null); }
    os_limit(RLIMIT_CORE, 0);
    if (p->cpu > 0) os_limit(RLIMIT_CPU, p->cpu + .999);
    if (p->memory > 0) os_limit(RLIMIT_AS, (double)p->memory * 1048576.0);
    if (p->cpu > 0) os_limit(RLIMIT_FSIZE, 64e6);
    if (p->home) os_stay_in(p->home, p->look);
    if (p->jail == NULL) return;
    os_limit(RLIMIT_NOFILE, 32);
#ifdef __linux__
    if (p->alone) os_be_alone(p->wall);
#endif
    if (geteuid() == 0) {
        struct stat s;
        if (stat(p->jail, &s) != 0 || setgroups(0, NULL) != 0 || setgid(s.st_gid) != 0 ||
            setuid(s.st_uid) != 0) _exit(126);
    }
    if (p->alone) os_limit(RLIMIT_NPROC, 0);
    if (p->alone) os_stay_in(p->jail, p->look);
    if (chdir(p->jail) != 0) _exit(126);
}
static inline void os_start(os_job *j, const os_program *p) {
    memset(j, 0, sizeof *j);
    j->deadline = p->wall > 0 ? os_seconds() + p->wall + p->alone : 0;
    fflush(NULL);
    j->pid = fork();
    if (j->pid == 0) {
        setpgid(0, 0);
        os_become(p);
        execvp(p->word[0], (char **)p->word);
        _exit(127);
    }
}
static inline bool os_done(os_job *j) {
    int status;
    if (j->pid == 0) return true;
    if (j->pid < 0) {
        j->end = OS_NOT_FOUND;
        return true;
    }
    const bool over = j->deadline > 0 && os_seconds() > j->deadline;
    if (over) kill(-j->pid, SIGKILL);
    if (waitpid(j->pid, &status, over ? 0 : WNOHANG) == 0) return false;
    kill(-j->pid, SIGKILL);                                /* what it left behind */
    j->pid = 0;
    j->code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    j->end = over ? OS_SLOW : !WIFSIGNALED(status) ? (j->code == 127 ? OS_NOT_FOUND : OS_EXITED)
             : j->code == SIGXCPU || j->code == SIGKILL ? OS_SLOW : OS_CRASHED;
    return true;
}

static inline void os_console(void) {}
static inline bool os_terminal(void) { return isatty(0) && isatty(1); }
static inline bool os_line(char *line, int size, int ms) {
    struct pollfd p = {0, POLLIN, 0};
    return poll(&p, 1, ms) > 0 && fgets(line, size, stdin) != NULL;
}
static inline bool os_chinese(void) {
    const char *lang = getenv("LC_ALL");
    if (lang == NULL || *lang == 0) lang = getenv("LC_MESSAGES");
    if (lang == NULL || *lang == 0) lang = getenv("LANG");
    return lang && strncmp(lang, "zh", 2) == 0;
}
#endif

/* The names in a directory, without those that begin with a point. */
static inline os_names os_list(const char *dir) {
    os_names all = os_list_all(dir);
    int n = 0;
    for (int i = 0; i < all.count; i++)
        if (all.name[i][0] != '.') memmove(all.name[n++], all.name[i], 256);
    all.count = n;
    return all;
}
/* Remove a directory with the files in it, and none that a link leads to. */
static inline void os_remove_flat(const char *dir) {
    os_names n = os_list_all(dir);
    for (int i = 0; i < n.count; i++) {
        char path[OS_PATH + 256];
        snprintf(path, sizeof path, "%s/%s", dir, n.name[i]);
        if (strcmp(n.name[i], ".") != 0 && strcmp(n.name[i], "..") != 0) remove(path);
    }
    free(n.name);
#ifdef _WIN32
    _rmdir(dir);
#else
    rmdir(dir);
#endif
}
/* The same, and the box in it. */
static inline void os_remove(const char *dir) {
    char box[OS_PATH];
    os_box(box, dir);
    if (os_kind(box) == 'd') os_remove_flat(box);
    os_remove_flat(dir);
}

#endif /* OS_H_INCLUDED */
