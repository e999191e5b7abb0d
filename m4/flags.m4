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

dnl OIDC_STATIC_HELPER(VARIABLE): -static-pie there, if libc and libkeyutils can
dnl be linked like that.  PIE has been set before.
AC_DEFUN([OIDC_STATIC_HELPER], [
    AC_CACHE_CHECK([whether the helper can be linked statically], [oidc_cv_static_helper], [
        oidc_saved_cflags=$CFLAGS
        oidc_saved_libs=$LIBS
        CFLAGS="$CFLAGS $PIE -static-pie"
        LIBS="$KEYUTILS_LIBS $LIBS"
        AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <sys/types.h>
            #include <keyutils.h>]], [[return keyctl_revoke(0) != 0;]])],
            [oidc_cv_static_helper=yes], [oidc_cv_static_helper=no])
        CFLAGS=$oidc_saved_cflags
        LIBS=$oidc_saved_libs
    ])
    AS_IF([test "$oidc_cv_static_helper" = yes], [$1=-static-pie],
        [AS_IF([test "$enable_static_helper" = yes],
            [AC_MSG_ERROR([--enable-static-helper needs libc.a and libkeyutils.a (Debian: libc6-dev, libkeyutils-dev; Fedora: glibc-static)])])])
])
