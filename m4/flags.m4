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
