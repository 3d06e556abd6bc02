; The installer for Windows, compiled by setup.py, which says what is installed (FILES) and for which product.
;
;   setup.exe                      asks: for whom, where, an icon on the desktop
;   setup.exe /S                   asks nothing: for this user, or as it was installed before
;   setup.exe /S /AllUsers         for all users; must be started by an administrator
;   setup.exe /S /D=C:\folder      there; /D is the last argument and takes no quotes
;   uninstall.exe [/S]
;
; Exit codes: 0 done, 1 given up by the user, 2 the program is running and did not quit or files are in the way,
; 3 this Windows is too old or not 64-bit, 740 only an administrator can do this.
;
; Whatever a user made with the program is in two folders of the user's, which neither part of this touches.

Unicode true
ManifestDPIAware true
ManifestSupportedOS all
SetCompressor /SOLID /FINAL lzma
SetCompressorDictSize 64
; Files get the time of the installation: those of the build are no information, and would be in the bytes of this.
SetDateSave off
RequestExecutionLevel user
CRCCheck on
AllowSkipFiles off

!include MUI2.nsh
!include LogicLib.nsh
!include FileFunc.nsh
!include WinVer.nsh
!include x64.nsh
!include nsDialogs.nsh
!include Win\COM.nsh
!include Win\Propkey.nsh
!include "${FILES}"

!define PROGRAM "${NAME}.exe"
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\${APP_ID}"
!define PATHS_KEY "Software\Microsoft\Windows\CurrentVersion\App Paths\${PROGRAM}"
!define OPEN_WITH_KEY "Software\Classes\Applications\${PROGRAM}"
!define SHCNE_ASSOCCHANGED 0x08000000
!define OLDEST_BUILD 17763 ; Windows 10 1809, the oldest that Qt 6 runs on (doc.qt.io, "Qt for Windows")

Name "${TITLE}"
OutFile "${OUTPUT}"
BrandingText "${TITLE} ${VERSION}"
ShowInstDetails nevershow
ShowUninstDetails nevershow
VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "${TITLE}"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "${TITLE} Setup"
VIAddVersionKey CompanyName "${PUBLISHER}"
VIAddVersionKey LegalCopyright "${PUBLISHER}. ${LICENCE} licence."
!ifdef SIGN
  !uninstfinalize `${SIGN}` = 0
!endif

Var AllUsers ; 1 or 0
Var ForMe
Var ForAll

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_WELCOMEFINISHPAGE_BITMAP "${SIDEBAR}"
!define MUI_WELCOMEFINISHPAGE_BITMAP_STRETCH AspectFitHeight
!define MUI_ABORTWARNING
!define MUI_COMPONENTSPAGE_NODESC
!define MUI_FINISHPAGE_RUN
!define MUI_FINISHPAGE_RUN_TEXT "$(START)"
!define MUI_FINISHPAGE_RUN_FUNCTION start
!define MUI_UNCONFIRMPAGE_TEXT_TOP "$(KEPT)"
Page custom askForWhom takeForWhom
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
; A further language: its line here, and the texts below in it.
!insertmacro MUI_LANGUAGE "English"

LangString START ${LANG_ENGLISH} "Start $(^NameDA)"
LangString FOR_WHOM ${LANG_ENGLISH} "For whom is it installed?"
LangString FOR_WHOM_MORE ${LANG_ENGLISH} "Everybody has chats and settings of their own either way."
LangString FOR_ME ${LANG_ENGLISH} "For &me only: no administrator is needed"
LangString FOR_ALL ${LANG_ENGLISH} "For &all users of this computer: an administrator has to agree"
LangString DESKTOP_ICON ${LANG_ENGLISH} "Icon on the desktop"
LangString RUNNING ${LANG_ENGLISH} "$(^NameDA) is running. It will be closed; everything in it is saved."
LangString STILL_RUNNING ${LANG_ENGLISH} "$(^NameDA) is still running. Please quit it, then try again."
LangString NOT_REMOVED ${LANG_ENGLISH} "The installed version could not be removed completely from $R0. Nothing was installed; please start this installer again."
LangString TOO_OLD ${LANG_ENGLISH} "$(^NameDA) needs 64-bit Windows 10, version 1809, or newer."
LangString NO_ADMINISTRATOR ${LANG_ENGLISH} "Only an administrator can do this for all users."
LangString KEPT ${LANG_ENGLISH} "Chats and settings stay, those of every user, in %LOCALAPPDATA%\${NAME} and %APPDATA%\${NAME}; delete these folders if you no longer want them. API keys can be removed in the Credential Manager of Windows."

!macro FAIL CODE TEXT
  MessageBox MB_OK|MB_ICONSTOP "${TEXT}" /SD IDOK
  SetErrorLevel ${CODE}
  Quit
!macroend

; As the program's own Windows is: the registry of 64-bit programs.
!macro CONTEXT
  SetRegView 64
  ${If} $AllUsers = 1
    SetShellVarContext all
  ${Else}
    SetShellVarContext current
  ${EndIf}
!macroend

; $0 = 1 where a program in $INSTDIR is running: Windows lets nobody write to its file then.
!macro IS_RUNNING
  StrCpy $0 0
  !insertmacro EACH_PROGRAM IS_IN_USE
!macroend
!macro IS_IN_USE FILE
  ${If} ${FileExists} "$INSTDIR\${FILE}"
    ClearErrors
    FileOpen $1 "$INSTDIR\${FILE}" a
    ${If} ${Errors}
      StrCpy $0 1
    ${Else}
      FileClose $1
    ${EndIf}
  ${EndIf}
!macroend
!macro TELL_RESTART_MANAGER FILE
  System::Call '*(w "$INSTDIR\${FILE}") p.r5'
  System::Call 'rstrtmgr::RmRegisterResources(i r2, i 1, p r5, i 0, p 0, i 0, p 0)'
  System::Free $5
!macroend

; Has Windows' Restart Manager end the program as it does for its own updates: the session manager's quit, which
; saves everything (learn.microsoft.com, "Restart Manager"). A user who is asked can decline.
!macro CLOSE_PROGRAM UN
Function ${UN}closeProgram
  !insertmacro IS_RUNNING
  ${If} $0 = 0
    Return
  ${EndIf}
  ${If} ${Cmd} `MessageBox MB_OKCANCEL|MB_ICONINFORMATION "$(RUNNING)" /SD IDOK IDCANCEL`
    SetErrorLevel 1
    Quit
  ${EndIf}
  System::Call 'rstrtmgr::RmStartSession(*i.r2, i 0, w.r3) i.r4'
  ${If} $4 = 0
    !insertmacro EACH_PROGRAM TELL_RESTART_MANAGER
    System::Call 'rstrtmgr::RmShutdown(i r2, i 0, p 0)'
    System::Call 'rstrtmgr::RmEndSession(i r2)'
  ${EndIf}
  ${Do}
    !insertmacro IS_RUNNING
    ${If} $0 = 0
      Return
    ${EndIf}
    ${If} ${Cmd} `MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(STILL_RUNNING)" /SD IDCANCEL IDCANCEL`
      SetErrorLevel 2
      Quit
    ${EndIf}
  ${Loop}
FunctionEnd
!macroend
; Gives the shortcut ${LINK} the id that the program gives its windows, so that the task bar shows them as one.
!macro SET_APP_ID LINK
  !insertmacro ComHlpr_CreateInProcInstance ${CLSID_ShellLink} ${IID_IShellLink} r0 ""
  ${If} $0 P<> 0
    ${IUnknown::QueryInterface} $0 '("${IID_IPersistFile}",.r1)'
    ${IUnknown::QueryInterface} $0 '("${IID_IPropertyStore}",.r2)'
    ${If} $1 P<> 0
    ${AndIf} $2 P<> 0
      ${IPersistFile::Load} $1 '("${LINK}",${STGM_READWRITE})'
      System::Call '*${SYSSTRUCT_PROPERTYKEY}(${PKEY_AppUserModel_ID})p.r3'
      System::Call '*(&w${NSIS_MAX_STRLEN} "${APP_ID}")p.r4'
      System::Call '*${SYSSTRUCT_PROPVARIANT}(${VT_LPWSTR},,p r4)p.r5'
      ${IPropertyStore::SetValue} $2 '($3,$5)'
      ${IPropertyStore::Commit} $2 ""
      ${IPersistFile::Save} $1 '("${LINK}",1)'
      System::Free $3
      System::Free $4
      System::Free $5
    ${EndIf}
    !insertmacro ComHlpr_SafeRelease $1
    !insertmacro ComHlpr_SafeRelease $2
    ${IUnknown::Release} $0 ""
  ${EndIf}
!macroend

!macro ADD_SHORTCUT FOLDER
  CreateShortcut "${FOLDER}\${TITLE}.lnk" "$INSTDIR\${PROGRAM}" "" "$INSTDIR\${PROGRAM}" 0 SW_SHOWNORMAL "" "${SUMMARY}"
  !insertmacro SET_APP_ID "${FOLDER}\${TITLE}.lnk"
!macroend

Section "${TITLE}"
  SectionIn RO
  !insertmacro CONTEXT
  Call closeProgram
  ; It may be installed in another folder, too, or unknown to the registry in this one.
  ReadRegStr $R0 SHCTX "${UNINSTALL_KEY}" InstallLocation
  ${If} $R0 != ""
    Call removeOld
  ${EndIf}
  StrCpy $R0 $INSTDIR
  Call removeOld
  !insertmacro INSTALL_FILES
  SetOutPath "$INSTDIR"
  WriteUninstaller "$INSTDIR\uninstall.exe"

  !insertmacro ADD_SHORTCUT "$SMPROGRAMS"
  WriteRegStr SHCTX "${PATHS_KEY}" "" "$INSTDIR\${PROGRAM}"

  ; An entry of "Open with" for text files; no kind of file is taken over.
  WriteRegStr SHCTX "${OPEN_WITH_KEY}" FriendlyAppName "${TITLE}"
  WriteRegStr SHCTX "${OPEN_WITH_KEY}\DefaultIcon" "" "$INSTDIR\${PROGRAM},0"
  WriteRegStr SHCTX "${OPEN_WITH_KEY}\shell\open\command" "" '"$INSTDIR\${PROGRAM}" --open "%1"'
  !insertmacro OPEN_WITH_TYPES

  WriteRegStr SHCTX "${UNINSTALL_KEY}" DisplayName "${TITLE}"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" DisplayVersion "${VERSION}"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" DisplayIcon "$INSTDIR\${PROGRAM},0"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" Publisher "${PUBLISHER}"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" Comments "${SUMMARY}"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" InstallLocation "$INSTDIR"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" UninstallString '"$INSTDIR\uninstall.exe"'
  WriteRegStr SHCTX "${UNINSTALL_KEY}" QuietUninstallString '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" EstimatedSize ${SIZE}
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" NoModify 1
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" NoRepair 1
!ifdef HOMEPAGE
  WriteRegStr SHCTX "${UNINSTALL_KEY}" URLInfoAbout "${HOMEPAGE}"
!endif
  System::Call 'shell32::SHChangeNotify(i ${SHCNE_ASSOCCHANGED}, i 0, p 0, p 0)'
SectionEnd

Section /o "$(DESKTOP_ICON)" SECTION_DESKTOP_ICON
  !insertmacro ADD_SHORTCUT "$DESKTOP"
SectionEnd

Section Uninstall
  Call un.closeProgram
  !insertmacro UNINSTALL_FILES
  ${If} ${FileExists} "$INSTDIR\${PROGRAM}"
    SetErrorLevel 2
    Abort
  ${EndIf}
  Delete "$SMPROGRAMS\${TITLE}.lnk"
  Delete "$DESKTOP\${TITLE}.lnk"
  DeleteRegKey SHCTX "${PATHS_KEY}"
  DeleteRegKey SHCTX "${OPEN_WITH_KEY}"
  DeleteRegKey SHCTX "${UNINSTALL_KEY}"
  Delete "$INSTDIR\uninstall.exe"
  SetOutPath "$TEMP"
  RMDir "$INSTDIR"
  System::Call 'shell32::SHChangeNotify(i ${SHCNE_ASSOCCHANGED}, i 0, p 0, p 0)'
SectionEnd

!insertmacro CLOSE_PROGRAM ""
!insertmacro CLOSE_PROGRAM "un."

Function .onInit
  ${IfNot} ${RunningX64}
  ${OrIfNot} ${AtLeastBuild} ${OLDEST_BUILD}
    !insertmacro FAIL 3 "$(TOO_OLD)"
  ${EndIf}
  SetRegView 64
  StrCpy $AllUsers 0
  ReadRegStr $0 HKCU "${UNINSTALL_KEY}" InstallLocation
  ReadRegStr $1 HKLM "${UNINSTALL_KEY}" InstallLocation
  ${If} $0 == ""
  ${AndIf} $1 != ""
    StrCpy $AllUsers 1
  ${EndIf}
  ${GetParameters} $2
  ClearErrors
  ${GetOptions} $2 "/AllUsers" $3
  ${IfNot} ${Errors}
    StrCpy $AllUsers 1
  ${EndIf}
  ClearErrors
  ${GetOptions} $2 "/CurrentUser" $3
  ${IfNot} ${Errors}
    StrCpy $AllUsers 0
  ${EndIf}
  ${If} ${Silent}
  ${AndIf} $AllUsers = 1
    UserInfo::GetAccountType
    Pop $3
    ${If} $3 != "Admin"
      !insertmacro FAIL 740 "$(NO_ADMINISTRATOR)"
    ${EndIf}
  ${EndIf}
  Call chooseFolder
FunctionEnd

; Where /D does not say otherwise: where it is installed already, else where Windows wants it.
Function chooseFolder
  !insertmacro CONTEXT
  ${If} $INSTDIR == ""
    ReadRegStr $INSTDIR SHCTX "${UNINSTALL_KEY}" InstallLocation
  ${EndIf}
  ${If} $INSTDIR == ""
    ${If} $AllUsers = 1
      StrCpy $INSTDIR "$PROGRAMFILES64\${TITLE}"
    ${Else}
      GetKnownFolderPath $INSTDIR {5CD7AEE2-2219-4A67-B85D-6C9CE15660CB} ; FOLDERID_UserProgramFiles
      ${If} $INSTDIR == ""
        StrCpy $INSTDIR "$LOCALAPPDATA\Programs"
      ${EndIf}
      StrCpy $INSTDIR "$INSTDIR\${TITLE}"
    ${EndIf}
  ${EndIf}
  ${If} ${FileExists} "$DESKTOP\${TITLE}.lnk"
    !insertmacro SelectSection ${SECTION_DESKTOP_ICON}
  ${EndIf}
FunctionEnd

Function askForWhom
  !insertmacro MUI_HEADER_TEXT "$(FOR_WHOM)" "$(FOR_WHOM_MORE)"
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateRadioButton} 0 10u 100% 12u "$(FOR_ME)"
  Pop $ForMe
  ${NSD_CreateRadioButton} 0 30u 100% 12u "$(FOR_ALL)"
  Pop $ForAll
  ${If} $AllUsers = 1
    ${NSD_Check} $ForAll
  ${Else}
    ${NSD_Check} $ForMe
  ${EndIf}
  nsDialogs::Show
FunctionEnd

; For all users this starts again as an administrator; where that is declined, the question stays.
Function takeForWhom
  ${NSD_GetState} $ForAll $0
  ${If} $0 = ${BST_CHECKED}
    UserInfo::GetAccountType
    Pop $1
    ${If} $1 != "Admin"
      ClearErrors
      ExecShell runas "$EXEPATH" "/AllUsers"
      ${If} ${Errors}
        Abort
      ${EndIf}
      Quit
    ${EndIf}
    StrCpy $1 1
  ${Else}
    StrCpy $1 0
  ${EndIf}
  ${If} $1 <> $AllUsers
    StrCpy $AllUsers $1
    StrCpy $INSTDIR ""
    Call chooseFolder
  ${EndIf}
FunctionEnd

; The version in $R0 removes what it brought, and nothing else: it alone knows what that was.
Function removeOld
  ${IfNot} ${FileExists} "$R0\uninstall.exe"
    Return
  ${EndIf}
  ClearErrors
  ; With _?= it runs where it lies, and is waited for, but cannot remove itself.
  ExecWait '"$R0\uninstall.exe" /S _?=$R0' $0
  ${If} ${Errors}
  ${OrIf} $0 <> 0
    !insertmacro FAIL 2 "$(NOT_REMOVED)"
  ${EndIf}
  Delete "$R0\uninstall.exe"
  RMDir "$R0"
FunctionEnd

Function start
  ; By the shell: where this runs as an administrator, the program must not.
  Exec '"$WINDIR\explorer.exe" "$INSTDIR\${PROGRAM}"'
FunctionEnd

Function un.onInit
  SetRegView 64
  StrCpy $AllUsers 0
  ReadRegStr $0 HKLM "${UNINSTALL_KEY}" InstallLocation
  ${If} $0 == $INSTDIR
    StrCpy $AllUsers 1
    UserInfo::GetAccountType
    Pop $0
    ${If} $0 != "Admin"
      ${If} ${Silent}
        !insertmacro FAIL 740 "$(NO_ADMINISTRATOR)"
      ${EndIf}
      ClearErrors
      ExecShell runas "$INSTDIR\uninstall.exe"
      ${If} ${Errors}
        !insertmacro FAIL 740 "$(NO_ADMINISTRATOR)"
      ${EndIf}
      Quit
    ${EndIf}
  ${EndIf}
  !insertmacro CONTEXT
FunctionEnd
