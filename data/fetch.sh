#!/bin/sh
# Bring what does not come with dl.h into the directory this script is in.
#
#     data/fetch.sh fashion-mnist      pictures of clothes, four files, into data/fashion-mnist/
#     data/fetch.sh stb_image          stb_image.h, which reads pictures, into data/stb/
#
# It is taken from Debian's package where there is one, installed or not, else from its own public
# address. It is used only when its SHA-256 is right. Files that are there already and right stay; a
# failure leaves nothing behind.
set -eu

say() { printf 'fetch.sh: %s\n' "$*"; }
die() { printf 'fetch.sh: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

usage() {
    cat <<END
usage: $0 fashion-mnist | stb_image

fashion-mnist: Fashion-MNIST (70,000 pictures of clothes, 55 MB, MIT licence) into
  $here/fashion-mnist/
as four files that dl_mnist_load reads. MNIST itself is there already, in mnist/.

stb_image: Sean Barrett's stb_image.h (280 kB, public domain or MIT) into
  $here/stb/
It reads PNG, JPEG and BMP for dl.h (DL_USE_STB_IMAGE). Debian: apt-get install libstb-dev does, too.
END
}

# What is wanted: its files, their sums, Debian's package and where it puts them, the public
# address, what is at the end of the packed files' names.
fashion_mnist() {
    files='train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte
        t10k-labels-idx1-ubyte'
    sums='c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888  train-images-idx3-ubyte
bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9  train-labels-idx1-ubyte
5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b  t10k-images-idx3-ubyte
0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34  t10k-labels-idx1-ubyte'
    package=dataset-fashion-mnist place=usr/share/datasets/fashion-mnist
    mirror=http://fashion-mnist.s3-website.eu-central-1.amazonaws.com
    packed=.gz target=$here/fashion-mnist
}

stb_image() {
    files=stb_image.h
    sums='91f435e0fc6a620018b878b9859c74dff60d28046f87e649191ad6f35a98c722  stb_image.h'
    package=libstb-dev place=usr/include/stb
    mirror=https://raw.githubusercontent.com/nothings/stb/8b5f1f37b5b75829fc72d38e7b5d4bcbf8a26d55
    packed='' target=$here/stb
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

# Unpack the files of directory $1 into $work/new, and check them.
unpack() {
    rm -rf "$work/new"
    mkdir "$work/new"
    for f in $files; do
        if [ "$packed" ]; then gzip -dc <"$1/$f.gz" >"$work/new/$f" || rm -f "$work/new/$f"
        else cp "$1/$f" "$work/new/$f" || return 1; fi
        if ! right "$work/new" "$f"; then
            say "$f$packed is damaged, or not the file it should be"
            return 1
        fi
    done
}

# Three ways to get the files; each ends with them unpacked in $work/new, or fails.
from_installed_package() {
    [ -d "/$place" ] || return 1
    say "taking it from the installed package $package"
    unpack "/$place"
}

from_debian() {
    have apt-get && have dpkg-deb || return 1
    say "trying Debian's package $package"
    mkdir "$work/deb"
    if ! (cd "$work/deb" && apt-get download "$package" && dpkg-deb -x ./*.deb .) \
        >"$work/log" 2>&1; then
        say "no luck: $(sed -n '/^E:/{p;q;}' "$work/log") (would 'apt-get update' help?)"
        return 1
    fi
    unpack "$work/deb/$place"
}

from_mirror() {
    say "trying $mirror"
    mkdir "$work/gz"
    for f in $files; do
        if have curl; then
            curl -fsSL --connect-timeout 20 -o "$work/gz/$f$packed" "$mirror/$f$packed" || return 1
        elif have wget; then
            wget -q -T 20 -t 2 -O "$work/gz/$f$packed" "$mirror/$f$packed" || return 1
        else
            say "there is no curl and no wget"
            return 1
        fi
    done
    unpack "$work/gz"
}

here=$(cd "$(dirname "$0")" && pwd) || exit 1
case ${1-} in
fashion-mnist) fashion_mnist ;;
stb_image) stb_image ;;
'' | -h | --help) usage; exit 0 ;;
*) usage >&2; die "it does not know '$1'" ;;
esac

if all_right "$target"; then
    say "$target is complete"
    exit 0
fi
[ -z "$packed" ] || have gzip || die "needs gzip to unpack the files"

# Work beside the target, so that mv is a renaming and not a copying that could stop half-way.
work=$(mktemp -d "$here/.fetch.XXXXXX") || die "can't write to $here"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

from_installed_package || from_debian || from_mirror ||
    die "could not get it. Put" $files "(unpacked) into $target yourself"

mkdir -p "$target"
for f in $files; do
    chmod 644 "$work/new/$f"
    mv -f "$work/new/$f" "$target/$f"
done
say "$target is complete now"
