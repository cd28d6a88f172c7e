#!/bin/sh
# Bring a data set that does not come with dl.h into the directory this script is in.
#
#     data/fetch.sh fashion-mnist
#
# brings the four files of Fashion-MNIST, unpacked, into data/fashion-mnist/. The files are taken
# from Debian's package dataset-fashion-mnist where there is one, else from the data set's own
# server. They are used only when their SHA-256 is right. Files that are there already and right
# stay; a failure leaves nothing behind.
set -eu

files='train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte'
sums='c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888  train-images-idx3-ubyte
bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9  train-labels-idx1-ubyte
5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b  t10k-images-idx3-ubyte
0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34  t10k-labels-idx1-ubyte'
package=dataset-fashion-mnist
mirror=http://fashion-mnist.s3-website.eu-central-1.amazonaws.com

say() { printf 'fetch.sh: %s\n' "$*"; }
die() { printf 'fetch.sh: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

usage() {
    cat <<END
usage: $0 fashion-mnist

Brings Fashion-MNIST (70,000 pictures of clothes, 55 MB, MIT licence) into
  $here/fashion-mnist/
as four files that dl_mnist_load reads. MNIST itself is there already, in mnist/.
END
}

# The SHA-256 of a file.
sum_of() {
    if have sha256sum; then sha256sum <"$1" | cut -d ' ' -f 1
    elif have shasum; then shasum -a 256 <"$1" | cut -d ' ' -f 1
    elif have openssl; then openssl dgst -sha256 <"$1" | sed 's/.* //'
    else die "needs sha256sum, shasum or openssl to check what it fetched"
    fi
}

# Is file $2 in directory $1, and what it should be?
right() {
    [ -f "$1/$2" ] || return 1
    want=$(printf '%s\n' "$sums" | sed -n "s/  $2\$//p")
    [ "$(sum_of "$1/$2")" = "$want" ]
}

all_right() {
    for f in $files; do right "$1" "$f" || return 1; done
}

# Unpack the four files of directory $1 into $work/new, and check them.
unpack() {
    rm -rf "$work/new"
    mkdir "$work/new"
    for f in $files; do
        if ! gzip -dc <"$1/$f.gz" >"$work/new/$f" || ! right "$work/new" "$f"; then
            say "$f.gz is damaged, or not the file it should be"
            return 1
        fi
    done
}

# Three ways to get the packed files; each ends with them unpacked in $work/new, or fails.
from_installed_package() {
    [ -d "/usr/share/datasets/fashion-mnist" ] || return 1
    say "taking it from the installed package $package"
    unpack /usr/share/datasets/fashion-mnist
}

from_debian() {
    have apt-get && have dpkg-deb || return 1
    say "trying Debian's package $package (31 MB)"
    mkdir "$work/deb"
    if ! (cd "$work/deb" && apt-get download "$package" && dpkg-deb -x ./*.deb .) \
        >"$work/log" 2>&1; then
        say "no luck: $(sed -n '/^E:/{p;q;}' "$work/log") (would 'apt-get update' help?)"
        return 1
    fi
    unpack "$work/deb/usr/share/datasets/fashion-mnist"
}

from_mirror() {
    say "trying $mirror (31 MB)"
    mkdir "$work/gz"
    for f in $files; do
        if have curl; then
            curl -fsSL --connect-timeout 20 -o "$work/gz/$f.gz" "$mirror/$f.gz" || return 1
        elif have wget; then
            wget -q -T 20 -t 2 -O "$work/gz/$f.gz" "$mirror/$f.gz" || return 1
        else
            say "there is no curl and no wget"
            return 1
        fi
    done
    unpack "$work/gz"
}

here=$(cd "$(dirname "$0")" && pwd) || exit 1
case ${1-} in
fashion-mnist) ;;
'' | -h | --help) usage; exit 0 ;;
*) usage >&2; die "there is no data set '$1'" ;;
esac
target=$here/fashion-mnist

if all_right "$target"; then
    say "$target is complete"
    exit 0
fi
have gzip || die "needs gzip to unpack the files"

# Work beside the target, so that mv is a renaming and not a copying that could stop half-way.
work=$(mktemp -d "$here/.fetch.XXXXXX") || die "can't write to $here"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

from_installed_package || from_debian || from_mirror ||
    die "could not get Fashion-MNIST. Put its files $(echo "$files" | sed 's/ /, /g'), unpacked," \
        "into $target yourself"

mkdir -p "$target"
for f in $files; do
    chmod 644 "$work/new/$f"
    mv -f "$work/new/$f" "$target/$f"
done
say "four files are now in $target"
