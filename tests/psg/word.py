"""What Word puts on the clipboard."""

# A paragraph, a list and a table as Word puts them on the clipboard (shortened, not simplified).
WORD = """
<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word">
<head><meta name=Generator content="Microsoft Word 15"><title>Conflicto</title>
<!--[if gte mso 9]><xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><![endif]-->
<style><!-- /* Font Definitions */ @font-face {font-family:"Cambria Math";} p.MsoNormal {margin:0cm;} --></style></head>
<body lang=EN-GB style='tab-interval:36.0pt'><!--StartFragment-->
<h1 style='mso-margin-top-alt:auto'><span lang=ES-PE style='mso-font-kerning:0'>Las
Bambas<o:p></o:p></span></h1>
<p class=MsoNormal><b style='mso-bidi-font-weight:normal'><span style='font-size:12.0pt;font-family:"Arial"'>Las
Bambas</span></b><b><span style='color:red'> mine</span></b><span lang=EN-GB>&nbsp; has been <i>blocked</i> for
<a href="https://example.org/days" style='color:blue' class=MsoHyperlink target="_blank">68 days</a>.
<o:p></o:p></span></p>
<p class=MsoNormal><span lang=EN-GB><o:p>&nbsp;</o:p></span></p>
<p class=MsoNormal><font face="Arial"><u1:p></u1:p>“Peaceful”, says the union.</font><a name="_GoBack"></a></p>
<ul type=disc><li class=MsoListParagraph style='mso-list:l0 level1'><span>Challhuahuacho<o:p></o:p></span></li></ul>
<table class=MsoTableGrid border=1 cellspacing=0 style='border-collapse:collapse'><tr style='mso-yfti-irow:0'>
<td width=200 valign=top style='width:150pt'><p class=MsoNormal>Year<o:p></o:p></p></td>
<td width=200 style='width:150pt'><p class=MsoNormal align=right>2019<o:p></o:p></p></td></tr></table>
<!--EndFragment--></body></html>
"""
WORD_CLEAN = (
    "<h2>Las Bambas</h2>\n"
    "<p><strong>Las Bambas mine</strong> has been <em>blocked</em> for "
    '<a href="https://example.org/days">68 days</a>.</p>\n'
    "<p>“Peaceful”, says the union.</p>\n"
    "<ul><li>Challhuahuacho</li></ul>\n"
    "<table><tbody><tr><td>Year</td><td>2019</td></tr></tbody></table>"
)
