dnl SPDX-License-Identifier: MIT
dnl OIDC_ADD_FLAGS(VARIABLE, FLAGS): add each flag that the compiler and the
dnl linker take without a warning.
AC_DEFUN([OIDC_ADD_FLAGS], [
    for flag in m4_normalize([$2]); do
        AS_VAR_PUSHDEF([cached], [oidc_cv_flag_$flag])
        AC_CACHE_CHECK([whether $CC takes $flag], [cached], [
            oidc_saved_cflags=$CFLAGS
            CFLAGS="$CFLAGS -Werror $flag"
            AC_LINK_IFELSE([AC_LANG_PROGRAM([[]], [[]])],
                [AS_VAR_SET([cached], [yes])], [AS_VAR_SET([cached], [no])])
            CFLAGS=$oidc_saved_cflags
        ])
        AS_VAR_IF([cached], [yes], [$1="${$1} $flag"])
        AS_VAR_POPDEF([cached])
    done
])

dnl OIDC_NEED(VARIABLE, PKG-CONFIG MODULE, DEBIAN PACKAGE, FEDORA PACKAGE):
dnl what is missing is collected, and told in one message.
AC_DEFUN([OIDC_NEED], [
    PKG_CHECK_MODULES([$1], [$2], [], [
        oidc_missing="$oidc_missing
  $2   (Debian: $3, Fedora: $4)"
    ])
])

dnl OIDC_MUSL_HELPER: whether musl-gcc makes the helper.  The kernel's headers,
dnl and keyutils.h, are the system's, behind musl's own.
AC_DEFUN([OIDC_MUSL_HELPER], [
    AS_IF([test "$with_musl" != no], [AC_PATH_PROG([MUSL_CC], [musl-gcc])])
    MUSL_CPPFLAGS="$KEYUTILS_CFLAGS -idirafter /usr/include"
    oidc_multiarch=`$CC -print-multiarch 2>/dev/null`
    AS_IF([test -n "$oidc_multiarch"], [MUSL_CPPFLAGS="$MUSL_CPPFLAGS -idirafter /usr/include/$oidc_multiarch"])
    AC_SUBST([MUSL_CPPFLAGS])
    # Its specs know no static PIE: so the files of one are named.
    oidc_musl_lib=/usr/lib/`AS_ECHO(["$oidc_multiarch"]) | $SED 's/-gnu/-musl/'`
    MUSL_LDFLAGS="-static -nostartfiles -Wl,-pie,--no-dynamic-linker,-z,text"
    MUSL_BEGIN="$oidc_musl_lib/rcrt1.o $oidc_musl_lib/crti.o"
    MUSL_END=$oidc_musl_lib/crtn.o
    AC_SUBST([MUSL_LDFLAGS])
    AC_SUBST([MUSL_BEGIN])
    AC_SUBST([MUSL_END])
    AC_CACHE_CHECK([whether musl-gcc can make the helper], [oidc_cv_musl_helper], [
        oidc_saved_cc=$CC
        oidc_saved_cflags=$CFLAGS
        oidc_cv_musl_helper=no
        CC=$MUSL_CC
        oidc_saved_libs=$LIBS
        CFLAGS="$PIE $MUSL_LDFLAGS $MUSL_CPPFLAGS"
        LIBS="$MUSL_BEGIN $MUSL_END"
        AS_IF([test -n "$MUSL_CC"],
            [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <sys/signalfd.h>
                #include <sys/syscall.h>
                #include <keyutils.h>]], [[return SYS_close_range == KEYCTL_READ;]])],
                [oidc_cv_musl_helper=yes])])
        CC=$oidc_saved_cc
        CFLAGS=$oidc_saved_cflags
        LIBS=$oidc_saved_libs
    ])
    AS_IF([test "$with_musl" = yes && test "$oidc_cv_musl_helper" = no],
        [AC_MSG_ERROR([--with-musl needs musl-gcc and the headers of Linux (Debian: musl-tools, linux-libc-dev)])])
])

dnl OIDC_STATIC_HELPER(VARIABLE): -static-pie there, if libc can be linked like
dnl that.  PIE has been set before.
AC_DEFUN([OIDC_STATIC_HELPER], [
    AC_CACHE_CHECK([whether the helper can be linked statically], [oidc_cv_static_helper], [
        oidc_saved_cflags=$CFLAGS
        CFLAGS="$CFLAGS $PIE -static-pie"
        AC_LINK_IFELSE([AC_LANG_PROGRAM([[]], [[]])],
            [oidc_cv_static_helper=yes], [oidc_cv_static_helper=no])
        CFLAGS=$oidc_saved_cflags
    ])
    AS_IF([test "$oidc_cv_static_helper" = yes], [$1=-static-pie],
        [AS_IF([test "$enable_static_helper" = yes],
            [AC_MSG_ERROR([--enable-static-helper needs libc.a (Debian: libc6-dev; Fedora: glibc-static)])])])
])
